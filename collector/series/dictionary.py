"""The interned label sets: which row a label set owns and which label set a row has."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence

from collector.series.keys import decode_labels
from core.labels import Labels


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

    def by_row(self) -> Iterator[tuple[int, bytes]]:
        """Every live series as (row, key), rows ascending."""
        return ((row, key) for row, key in enumerate(self._keys) if key is not None)

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
