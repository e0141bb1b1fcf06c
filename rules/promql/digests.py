"""What range functions have worked out of each series' samples, kept until a sample comes or goes.

Between two evaluations of `rate(x[5m])` a series that is collected every 15 s has nothing new at fourteen of fifteen
instants. A *watch* follows the series of a selector over a range: from the time of each series' newest sample, and
of its first one in the range, two comparisons tell whose samples are still the same, and only the others are read.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import numpy as np

from rules.functions.shapes import Digest, Samples, Sight
from rules.promql.selectors import Selection
from rules.promql.vector import Ints
from rules.source import Matcher, Watched

KEPT_BYTES = 256 << 20
UNUSED_MS = 900_000  # what no evaluation has asked for in this time is forgotten

_ROW_BYTES = 81  # what a series takes at most
_UNKNOWN = -2  # a newest sample that no series has, so that it is read again
_NEVER = np.iinfo(np.int64).max

Compute = Callable[[Samples], Digest]
Key = tuple[tuple[Matcher, ...], int]


@dataclass(slots=True)
class _Kept:
    """The results of one digest, row by row."""

    compute: Compute
    columns: Digest
    asked_ms: int


@dataclass(slots=True)
class _Watch:
    """The series of one selector over one range.

    Attributes:
        ids: [series].
        latest: [series] time of the newest sample when the row was last read; `_UNKNOWN` to read it again.
        firsts: [series] time of the first sample in the range; `_NEVER` without one.
        token: what the source said of changes to older samples.
        end_ms: the end of the range.
        reader: who has brought the rows up to date.
    """

    ids: Ints
    latest: Ints
    firsts: Ints
    token: tuple[int, int]
    end_ms: int
    reader: object
    kept: dict[Hashable, _Kept] = field(default_factory=dict)

    def size(self) -> int:
        """Bytes."""
        columns = [column for kept in self.kept.values() for column in kept.columns]
        return sum(array.nbytes for array in (self.ids, self.latest, self.firsts, *columns))


class Digests:
    """The digests over one source, in at most about `kept_bytes`. Not for several threads.

    They take 24 bytes a series and range, and those of the results: 57 for rate and increase together, and for delta;
    25 for deriv and predict_linear together, 9 for each other function.
    """

    def __init__(self, source: Watched, kept_bytes: int = KEPT_BYTES) -> None:
        self._source = source
        self._kept_bytes = kept_bytes
        self._watches: dict[Key, _Watch] = {}
        self._swept_ms = 0
        self._bytes = 0  # about; counted anew with every sweep

    def __len__(self) -> int:
        """How many digests are kept."""
        return sum(len(watch.kept) for watch in self._watches.values())

    def get(
        self, reader: object, selection: Selection, key: Key, sight: Sight, name: Hashable, compute: Compute
    ) -> Digest | None:
        """The digest of the samples in `sight` for each series of a selection, not to be written to.

        Args:
            reader: whoever reads several digests at one instant and is to see the same samples in each.
            selection: the series of `key`'s matchers.
            key: matchers and length of the range.
            sight: a range that ends at the evaluation's own instant.
            name: of the digest; the same name has the same `compute`.
            compute: works it out of samples.

        Returns:
            None when there is no room to keep it.
        """
        self._sweep(sight.at_ms)
        watch = self._watches.get(key)
        if watch is None or watch.reader is not reader:
            watch = self._up_to_date(watch, selection, sight)
            watch.reader = reader
            self._watches[key] = watch
        kept = watch.kept.get(name)
        if kept is None:
            kept = self._begin(watch, sight, compute)
            if kept is None:
                return None
            watch.kept[name] = kept
        kept.asked_ms = sight.at_ms
        return kept.columns

    def _begin(self, watch: _Watch, sight: Sight, compute: Compute) -> _Kept | None:
        if self._bytes + len(watch.ids) * _ROW_BYTES > self._kept_bytes:
            return None
        samples = self._read(watch.ids, sight)
        if not watch.kept:
            watch.firsts = _firsts(samples)
            self._bytes += watch.size()
        columns = compute(samples)
        self._bytes += sum(column.nbytes for column in columns)
        return _Kept(compute, columns, sight.at_ms)

    def _up_to_date(self, watch: _Watch | None, selection: Selection, sight: Sight) -> _Watch:
        """The watch with every row read again whose samples in the range may be others."""
        # Both are asked for before any sample is read: what is written meanwhile is read again the next time.
        token = self._source.rewrites, self._source.retirements
        latest = self._source.last_times(selection.ids)
        latest = np.where(latest > sight.end_ms, _UNKNOWN, latest)
        if watch is None or not watch.kept or watch.token != token or sight.end_ms < watch.end_ms:
            return self._anew(watch, selection.ids, latest, token, sight)
        if watch.ids is not selection.ids:
            self._carry_over(watch, selection.ids)
        stale = (latest != watch.latest) | (watch.latest == _UNKNOWN) | (watch.firsts <= sight.start_ms)
        rows = np.flatnonzero(stale)
        if len(rows):
            samples = self._read(watch.ids[rows], sight)
            watch.firsts[rows] = _firsts(samples)
            for kept in watch.kept.values():
                for column, part in zip(kept.columns, kept.compute(samples), strict=True):
                    column[rows] = part
        watch.latest, watch.end_ms = latest, sight.end_ms
        return watch

    def _anew(self, watch: _Watch | None, ids: Ints, latest: Ints, token: tuple[int, int], sight: Sight) -> _Watch:
        """A watch whose rows are all read, for the digests that there were."""
        fresh = _Watch(ids, latest, np.empty(0, np.int64), token, sight.end_ms, None)
        if watch is not None and watch.kept:
            samples = self._read(ids, sight)
            fresh.firsts = _firsts(samples)
            for name, kept in watch.kept.items():
                fresh.kept[name] = _Kept(kept.compute, kept.compute(samples), kept.asked_ms)
        return fresh

    def _carry_over(self, watch: _Watch, ids: Ints) -> None:
        """Take other series' rows into the watch; what is known of those that stay is kept."""
        places = np.minimum(np.searchsorted(watch.ids, ids), max(len(watch.ids) - 1, 0))
        known = watch.ids[places] == ids if len(watch.ids) else np.zeros(len(ids), np.bool_)
        from_rows, to_rows = places[known], np.flatnonzero(known)
        latest, firsts = np.full(len(ids), _UNKNOWN), np.full(len(ids), _NEVER)
        latest[to_rows], firsts[to_rows] = watch.latest[from_rows], watch.firsts[from_rows]
        for kept in watch.kept.values():
            as_it_was = getattr(kept.columns, "_make", tuple)  # most are named tuples
            kept.columns = as_it_was(_moved(column, from_rows, to_rows, len(ids)) for column in kept.columns)
        watch.ids, watch.latest, watch.firsts = ids, latest, firsts

    def _read(self, ids: Ints, sight: Sight) -> Samples:
        return Samples.of(self._source.window(ids, sight.start_ms, sight.end_ms))

    def _sweep(self, at_ms: int) -> None:
        """Once in a while, forget what is no longer asked for."""
        if abs(at_ms - self._swept_ms) < UNUSED_MS // 10:
            return
        self._swept_ms = at_ms
        for key, watch in list(self._watches.items()):
            watch.kept = {name: kept for name, kept in watch.kept.items() if abs(at_ms - kept.asked_ms) <= UNUSED_MS}
            if not watch.kept:
                del self._watches[key]
        self._bytes = sum(watch.size() for watch in self._watches.values())
        if self._bytes > self._kept_bytes:  # series were born
            self._watches, self._bytes = {}, 0


def _firsts(samples: Samples) -> Ints:
    return np.where(samples.counts > 0, samples.at(0)[0], _NEVER)


def _moved(column: Ints, from_rows: Ints, to_rows: Ints, length: int) -> Ints:
    moved = np.zeros(length, column.dtype)
    moved[to_rows] = column[from_rows]
    return moved
