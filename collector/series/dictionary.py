"""The interned label sets: which row a label set owns and which label set a row has."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence

from core.labels import Labels

_NAME_TAG, _VALUE_TAG, _LABEL_TAG = 0x0A, 0x12, 0x0A


class Dictionary:
    """Rows by key, keys by row, and rows to take anew.

    A key is the label set as `core.remote_write.encode_labels` writes it, which is also what stands in a push.

    Attributes:
        rows: key → row of every live series.
        per_sender: sender → how many live series it brought.
    """

    def __init__(self) -> None:
        self.rows: dict[bytes, int] = {}
        self.per_sender: Counter[str] = Counter()
        self._keys: list[bytes | None] = []
        self._senders: list[str] = []
        self._labels: dict[int, Labels] = {}  # of the series that somebody asked for
        self._free: list[int] = []
        self._pairs: dict[bytes, tuple[str, str]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def high(self) -> int:
        """One more than the highest row ever taken."""
        return len(self._keys)

    def vacant(self, count: int) -> list[int]:
        """The rows that the next `count` series shall take: lowest free ones first; none is taken yet."""
        free: list[int] = []
        while self._free and len(free) < count:
            row = heapq.heappop(self._free)
            # An entry whose row was taken since is dropped here, so that taking rows need not search the heap.
            if self._keys[row] is None and row not in free[-1:]:
                free.append(row)
        for row in free:
            heapq.heappush(self._free, row)
        return free + list(range(self.high, self.high + count - len(free)))

    def add(self, sender: str, ids: Sequence[int], keys: Sequence[bytes]) -> None:
        """Give rows to label sets; a row that a damaged journal gives twice belongs to the last."""
        former, added = self.high, max(ids, default=-1) + 1 - self.high
        self._keys.extend([None] * added)
        self._senders.extend([""] * added)
        for row, key in zip(ids, keys, strict=True):
            if self._keys[row] is not None:
                self._forget(row)
            if key in self.rows:
                self._forget(self.rows[key])
            self._keys[row] = key
            self._senders[row] = sender
            self.rows[key] = row
        for row in range(former, self.high):
            if self._keys[row] is None:
                heapq.heappush(self._free, row)
        self.per_sender[sender] += len(ids)

    def remove(self, ids: Sequence[int]) -> None:
        """Forget the label sets of some rows and let the rows be taken anew."""
        for row in ids:
            if row < self.high and self._keys[row] is not None:
                self._forget(row)
        self._pairs.clear()

    def labels(self, row: int) -> Labels:
        """The label set of a live row.

        Raises:
            KeyError: the row is not live.
        """
        known = self._labels.get(row)
        if known is None:
            key = self.key(row)
            known = self._labels[row] = decode_labels(key, self._pairs)
            if self._keys[row] is not key:  # retired meanwhile by another thread: its successor has other labels
                self._labels.pop(row, None)
        return known

    def decode(self, row: int) -> Labels:
        """As `labels`, for one look at very many: nothing of it is kept but the pairs.

        Raises:
            KeyError: the row is not live.
        """
        return decode_labels(self.key(row), self._pairs)

    def key(self, row: int) -> bytes:
        """The key of a live row.

        Raises:
            KeyError: the row is not live.
        """
        key = self._keys[row] if 0 <= row < self.high else None
        if key is None:
            raise KeyError(f"there is no series {row}")
        return key

    def by_sender(self) -> Iterator[tuple[str, list[int], list[bytes]]]:
        """Every live series, as (sender, rows, keys)."""
        groups: dict[str, tuple[list[int], list[bytes]]] = {}
        for key, row in self.rows.items():
            ids, keys = groups.setdefault(self._senders[row], ([], []))
            ids.append(row)
            keys.append(key)
        for sender, (ids, keys) in groups.items():
            yield sender, ids, keys

    def _forget(self, row: int) -> None:
        key = self._keys[row]
        if key is not None:
            del self.rows[key]
            sender = self._senders[row]
            self.per_sender[sender] -= 1
            if not self.per_sender[sender]:
                del self.per_sender[sender]
        self._keys[row] = None
        self._labels.pop(row, None)
        heapq.heappush(self._free, row)


def decode_labels(key: bytes, pairs: dict[bytes, tuple[str, str]]) -> Labels:
    """The label set that `encode_labels` made a key of; `pairs` holds what was decoded before, so that it is shared."""
    found: list[tuple[str, str]] = []
    at, end = 0, len(key)
    while at < end:
        size = key[at + 1]
        start = at + 2
        if size >= 0x80:
            size, start = _length(key, at + 1)
        at = start + size
        field = key[start:at]
        pair = pairs.get(field)
        if pair is None:
            pair = pairs[field] = _decode_pair(field)
        found.append(pair)
    return tuple(found)


def _decode_pair(field: bytes) -> tuple[str, str]:
    size, start = _length(field, 1)
    _, value_start = _length(field, start + size + 1)
    return field[start : start + size].decode(), field[value_start:].decode()


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A varint and the offset behind it."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
