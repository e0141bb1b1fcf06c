"""The interned label sets: which row a label set owns and which label set a row has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from collector.series.hash_table import NONE, HashTable, hashes_of
from collector.series.journal import Moved
from collector.series.journal_records import Birth, Replay, key_places
from collector.series.key_file import NOWHERE, KeyFile, Places
from collector.series.keys import decode_labels
from core.labels import Labels
from rules.source import Ids

_ROWS = 1024  # at the beginning
_AT_ONCE = 8192  # keys that are read at a time


class Dictionary:
    """Rows by key, keys by row, and rows to take anew.

    A key is the label set as `core.remote_write.encode_labels` writes it, which is also what stands in a push. Keys
    stay in the journal, which tells them anyway: here a series has a hash, and the place of its key. So a key is
    found by its hash and recognized by its bytes. Calls that change it, and `find`, are made one at a time; the others
    from any thread.

    Args:
        keys: the keys that the journal tells of.

    Attributes:
        per_sender: sender → how many live series it brought.
    """

    def __init__(self, keys: KeyFile) -> None:
        self.per_sender: Counter[str] = Counter()
        self._table = HashTable()
        # Both are replaced together: a place means nothing in another file.
        self._book: tuple[KeyFile, Places] = keys, np.zeros(_ROWS, np.int64)
        self._high = 0
        self._senders: NDArray[np.int32] = np.zeros(_ROWS, np.int32)
        self._sender_names: dict[str, int] = {}
        self._labels: dict[int, Labels] = {}  # of the series that somebody asked for
        self._free = np.zeros(0, np.int64)  # descending, so that the lowest are taken off the end
        self._pairs: dict[bytes, tuple[str, str]] = {}

    @classmethod
    def replayed(cls, told: Replay, keys: KeyFile) -> Dictionary:
        """What a journal tells of; a row or a key that a damaged one gives twice belongs to the last."""
        dictionary = cls(keys)
        births = [record for record in told.records if isinstance(record, Birth)]
        dictionary._make_room(1 + max((max(birth.ids, default=-1) for birth in births), default=-1))
        hashes = np.zeros(dictionary._high, np.uint32)
        places = dictionary._book[1]
        for record, start in zip(told.records, told.starts, strict=True):
            rows = np.array(record.ids, np.int64)
            if isinstance(record, Birth):
                places[rows], hashes[rows] = key_places(record, start), hashes_of(record.keys)
                dictionary._senders[rows] = dictionary._sender(record.sender)
            else:
                places[rows[rows < len(places)]] = NOWHERE
        dictionary._drop_repeated(hashes)
        live = dictionary.live()
        dictionary._table.add(hashes[live], live)
        dictionary._free = np.flatnonzero(places[: dictionary._high] == NOWHERE)[::-1]
        dictionary._count(live)
        return dictionary

    def __len__(self) -> int:
        return self._high - len(self._free)

    @property
    def high(self) -> int:
        """One more than the highest row ever taken."""
        return self._high

    def live(self) -> Ids:
        """The rows that have a label set, ascending."""
        return np.flatnonzero(self._book[1][: self._high] != NOWHERE).astype(np.int64)

    def find(self, keys: Sequence[bytes]) -> Ids:
        """[keys] the row of each, `NONE` for one that has none."""
        book, places = self._book
        hashes = hashes_of(keys)
        rows, behind = self._table.find(hashes)
        same = book.same(keys, np.where(rows == NONE, NOWHERE, places[rows]))
        (wrong,) = ((rows != NONE) & ~same).nonzero()
        while len(wrong):  # other label sets have their hashes
            rows[wrong], behind[wrong] = self._table.find(hashes[wrong], behind[wrong])
            wrong = wrong[rows[wrong] != NONE]
            wrong = wrong[~book.same([keys[at] for at in wrong.tolist()], places[rows[wrong]])]
        return rows

    def vacant(self, count: int) -> list[int]:
        """The rows that the next `count` series shall take: lowest free ones first; none is taken yet."""
        free: list[int] = self._free[: -count - 1 : -1].tolist()
        return free + list(range(self._high, self._high + count - len(free)))

    def add(self, sender: str, ids: Sequence[int], keys: Sequence[bytes], places: Places, file: KeyFile) -> None:
        """Give the rows that `vacant` told to keys that have none.

        Args:
            sender: who brought them.
            ids: the rows.
            keys: the keys.
            places: [keys] where they stand.
            file: the keys of the journal, these included.
        """
        rows = np.array(ids, np.int64)
        self._free = self._free[: max(0, len(self._free) - len(rows))]
        self._make_room(int(rows.max(initial=-1)) + 1)
        self._book = file, self._book[1]  # before a place is told that only this file has: see `_key`
        self._book[1][rows] = places
        self._senders[rows] = self._sender(sender)
        self._table.add(hashes_of(keys), rows)
        self.per_sender[sender] += len(ids)

    def remove(self, ids: Sequence[int]) -> None:
        """Forget the label sets of some live rows and let the rows be taken anew."""
        rows = np.array(ids, np.int64)
        self._book[1][rows] = NOWHERE
        self._table.remove(rows)
        self._count(self.live())
        self._free = np.sort(np.concatenate([self._free, rows]))[::-1]
        for row in ids:
            self._labels.pop(row, None)
        self._pairs.clear()

    def move(self, file: KeyFile, moved: Moved) -> None:
        """Look the keys up in a new journal from now on; `moved` are rows, and where their keys stand there."""
        places = np.zeros_like(self._book[1])
        for ids, of in moved:
            places[np.array(ids, np.int64)] = of
        self._book = file, places

    def labels(self, row: int) -> Labels:
        """The label set of a live row.

        Raises:
            KeyError: the row is not live.
        """
        known = self._labels.get(row)
        if known is None:
            key = self.key(row)
            known = self._labels[row] = decode_labels(key, self._pairs)
            if self._key(row) != key:  # retired meanwhile by another thread: its successor has other labels
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
        key = self._key(row)
        if key is None:
            raise KeyError(f"there is no series {row}")
        return key

    def by_row(self) -> Iterator[tuple[int, bytes]]:
        """Every live series as (row, key), rows ascending."""
        book, places = self._book
        for row, place in enumerate(places[: self._high].tolist()):
            if place != NOWHERE:
                yield row, book.key(place)

    def births(self) -> Iterator[Birth]:
        """Records that tell of every live series, each of one sender's."""
        book, places = self._book
        live, names = self.live(), list(self._sender_names)
        by_sender = live[np.argsort(self._senders[live], kind="stable")]
        senders = self._senders[by_sender]
        bounds = [0, *(np.flatnonzero(senders[1:] != senders[:-1]) + 1).tolist(), len(by_sender)] if len(live) else []
        for begin, end in pairwise(bounds):
            for first in range(begin, end, _AT_ONCE):
                part = by_sender[first : min(first + _AT_ONCE, end)]
                keys = [book.key(place) for place in places[part].tolist()]
                yield Birth(names[senders[begin]], part.tolist(), keys)

    def _key(self, row: int) -> bytes | None:
        while True:
            book = self._book
            place = int(book[1][row]) if 0 <= row < len(book[1]) else NOWHERE
            if book is self._book:  # so the place was told before there was another file
                return None if place == NOWHERE else book[0].key(place)

    def _make_room(self, high: int) -> None:
        """Have places and senders of rows below `high`, and of some more, so that growing is rare."""
        self._high = max(self._high, high)
        file, places = self._book
        added = high + high // 8 - len(places)
        if high > len(places):
            self._book = file, np.concatenate([places, np.zeros(added, np.int64)])
            self._senders = np.concatenate([self._senders, np.zeros(added, np.int32)])

    def _sender(self, name: str) -> int:
        return self._sender_names.setdefault(name, len(self._sender_names))

    def _count(self, live: Ids) -> None:
        """Count live rows by sender, and forget the senders that have none."""
        counts = np.bincount(self._senders[live], minlength=len(self._sender_names)).tolist()
        self.per_sender = Counter({name: counts[at] for name, at in self._sender_names.items() if counts[at]})

    def _drop_repeated(self, hashes: NDArray[np.uint32]) -> None:
        """Of rows with the same key keep the one that the journal tells of last."""
        book, places = self._book
        live = self.live()
        order = live[np.lexsort((-places[live], hashes[live]))]  # of one hash the last told first
        (again,) = (hashes[order[1:]] == hashes[order[:-1]]).nonzero()
        seen: set[bytes] = set()
        repeated: list[int] = []
        for at in again.tolist():
            seen.add(book.key(int(places[order[at]])))
            if book.key(int(places[order[at + 1]])) in seen:
                repeated.append(int(order[at + 1]))
        places[repeated] = NOWHERE
