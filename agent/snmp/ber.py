"""As much of the Basic Encoding Rules (X.690) as SNMP uses (RFC 3417 section 8), for hostile input.

gufo-snmp decodes version 2c; this serves where messages must pass through our own hands: version 1, whose errors
name an object, and version 3, whose messages must be authenticated before anything in them is believed.
"""

from __future__ import annotations

from functools import lru_cache

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30

_MOST_ARCS = 128  # RFC 3416 section 4.1


class BerError(ValueError):
    """Octets that are no BER, or not what was due here."""


def read(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Tag, start and end of the content of the element at `at`, which must lie before `end`.

    Raises:
        BerError: there is none, or it is longer than what holds it.
    """
    if at + 2 > end:
        raise BerError("the message ends too early")
    tag, size, start = data[at], data[at + 1], at + 2
    if size & 0x80:
        octets = size & 0x7F
        if not 1 <= octets <= 4 or start + octets > end:
            raise BerError("a length that cannot be")
        size = int.from_bytes(data[start : start + octets], "big")
        start += octets
    if start + size > end:
        raise BerError("an element is longer than what holds it")
    return tag, start, start + size


def expect(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """Start and end of the content of the element at `at`, which must have `tag`.

    Raises:
        BerError: it has another, or is none.
    """
    found, start, stop = read(data, at, end)
    if found != tag:
        raise BerError(f"tag 0x{found:02x} where 0x{tag:02x} is due")
    return start, stop


def read_integer(data: bytes, at: int, end: int) -> tuple[int, int]:
    """An INTEGER of at most 32 bits, as all headers have, and where it ends.

    Raises:
        BerError: it is none.
    """
    start, stop = expect(data, at, end, INTEGER)
    if not 1 <= stop - start <= 5:
        raise BerError("a number of a wrong length")
    return int.from_bytes(data[start:stop], "big", signed=True), stop


def read_octets(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    """An OCTET STRING, and where it ends.

    Raises:
        BerError: it is none.
    """
    start, stop = expect(data, at, end, OCTETS)
    return data[start:stop], stop


@lru_cache(maxsize=16_384)
def decode_oid(content: bytes) -> str:
    """Dotted, without a leading dot; devices answer with the same names at each poll.

    Raises:
        BerError: it is no OID.
    """
    if not content or content[-1] & 0x80:
        raise BerError("an object identifier that ends too early")
    arcs = list(content) if max(content) < 0x80 else _long_arcs(content)
    if len(arcs) >= _MOST_ARCS:
        raise BerError("an object identifier of too many parts")
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - first * 40, *arcs[1:])))


def _long_arcs(content: bytes) -> list[int]:
    arcs, arc = [], 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if arc >> 32:
            raise BerError("a part of an object identifier is more than 32 bits")
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    return arcs


def tlv(tag: int, content: bytes) -> bytes:
    """An element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of encoded elements."""
    return tlv(SEQUENCE, b"".join(parts))


def integer(value: int) -> bytes:
    """An INTEGER."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(OCTETS, value)


@lru_cache(maxsize=8192)
def encode_oid(text: str) -> bytes:
    """An OBJECT IDENTIFIER of dotted text; the same few thousand are asked for at each poll.

    Raises:
        ValueError: it is no OID.
    """
    first, second, *rest = map(int, text.split("."))
    content = bytearray()
    for arc in (first * 40 + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        content += bytes(reversed(septets))
    return tlv(OID, bytes(content))
