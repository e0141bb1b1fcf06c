"""Keys: label sets as `core.remote_write.encode_labels` writes them, which is how they stand in a push."""

from __future__ import annotations

from core.labels import Labels


def decode_labels(key: bytes, pairs: dict[bytes, tuple[str, str]]) -> Labels:
    """The label set that `encode_labels` made a key of; `pairs` holds what was decoded before, so that it is shared."""
    found: list[tuple[str, str]] = []
    at, end = 0, len(key)
    while at < end:
        size = key[at + 1]
        start = at + 2
        if size >= 0x80:
            size, start = length_at(key, at + 1)
        at = start + size
        field = key[start:at]
        pair = pairs.get(field)
        if pair is None:
            pair = pairs[field] = decode_pair(field)
        found.append(pair)
    return tuple(found)


def decode_pair(field: bytes) -> tuple[str, str]:
    """Name and value of one label, given what follows its tag and length in a key."""
    size, start = length_at(field, 1)
    _, value_start = length_at(field, start + size + 1)
    return field[start : start + size].decode(), field[value_start:].decode()


def length_at(data: bytes, at: int) -> tuple[int, int]:
    """A varint and the offset behind it."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
