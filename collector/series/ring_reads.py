"""Reading a ring's samples: the newest, those at instants, those of a range; nothing is written here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from collector.series.ring_file import NO_SAMPLE, ROWS, RingFile
from collector.series.windows import pack, stale
from rules.source import Ids, Times, Values, Window


class RingReads(RingFile):
    """What can be asked of a ring."""

    def instant(self, ids: Ids, at_ms: int, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """As `rules.source.Source.instant`."""
        times, values = self.last_times.take(ids), self.last_values.take(ids)
        (later,) = (times > at_ms).nonzero()
        if len(later):
            past = ids[later]
            found_times, found_values, found = self._recent(past, self._reach(past, at_ms - lookback_ms))
            found &= found_times <= at_ms
            newest = len(found) - 1 - np.argmax(found[::-1], axis=0)
            pick = (newest, np.arange(len(past)))
            times[later] = np.where(found[pick], found_times[pick], NO_SAMPLE)
            values[later] = found_values[pick]
        return times, values, (times > max(at_ms - lookback_ms, NO_SAMPLE)) & ~stale(values)

    def instants(self, ids: Ids, at_ms: Times, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """As `rules.source.Stepped.instants`; the time is -1 where no sample is left that could count."""
        times, values, exists = self._recent(ids, self._reach(ids, int(at_ms[0]) - lookback_ms))
        steps, rows = len(at_ms), np.arange(len(ids))
        # From which step on a sample is seen; behind the last step those that never are, or do not exist.
        seen_from = np.where(exists, np.searchsorted(at_ms, times, side="left"), steps)
        newest = np.full((steps + 1, len(ids)), -1, np.int32)
        for place, step in enumerate(seen_from):  # oldest first: of those seen from the same step on the newest stays
            newest[step, rows] = place
        newest = np.maximum.accumulate(newest[:steps], axis=0)
        pick = (np.maximum(newest, 0), rows)
        found_times = np.where(newest >= 0, times[pick], NO_SAMPLE).T
        found_values = values[pick].T
        after = np.maximum(at_ms - lookback_ms, NO_SAMPLE)
        present = (found_times > after) & ~stale(np.ascontiguousarray(found_values))
        return found_times, found_values, present

    def window(self, ids: Ids, start_ms: int, end_ms: int | Times) -> Window:
        """As `rules.source.Source.window`; the end may be another one for each row."""
        times, values, valid = self._recent(ids, self._reach(ids, start_ms))
        valid &= (times > start_ms) & (times <= end_ms) & ~stale(values)
        used = np.flatnonzero(valid.any(axis=1))
        kept = slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 0)
        return pack(
            np.ascontiguousarray(times[kept].T),
            np.ascontiguousarray(values[kept].T),
            np.ascontiguousarray(valid[kept].T),
        )

    def oldest_times(self, ids: Ids) -> Times:
        """[ids] epoch ms of the oldest sample that can be read of each row, -1 for none."""
        positions = self.positions[ids]
        oldest = (positions - np.minimum(positions, self.depth)) % self._slots
        return np.where(positions > 0, self._times(ids, self._time_index(ids, oldest)), NO_SAMPLE)

    def value_at(self, ids: Ids, times: Times) -> tuple[Values, NDArray[np.bool_]]:
        """Per pair of row and instant the value of the sample at exactly that instant, and whether there is one."""
        if len(ids) == 0:
            return np.zeros(0), np.zeros(0, np.bool_)
        found_times, found_values, found = self._recent(ids, self._reach(ids, times - 1))
        found &= found_times == times
        pick = (np.argmax(found, axis=0), np.arange(len(ids)))
        return found_values[pick], found[pick]

    def recent(self, ids: Ids, width: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """The newest `width` samples of each row as [width, rows], oldest first, and which of them exist."""
        return self._recent(ids, width)

    def _reach(self, ids: Ids, start_ms: int | Times) -> int:
        """How many of the newest samples must be looked at to see every one after `start_ms`, about."""
        counts = np.minimum(self.positions[ids], self.depth)
        most = int(counts.max(initial=1))
        enough = 4
        while enough < most and self._reaches_beyond(ids, counts, enough, start_ms):
            enough *= 2
        enough = min(enough, most)
        too_few = enough // 2
        while enough - too_few > 2:
            middle = (enough + too_few) // 2
            if self._reaches_beyond(ids, counts, middle, start_ms):
                too_few = middle
            else:
                enough = middle
        return enough

    def _reaches_beyond(self, ids: Ids, counts: NDArray[np.int64], width: int, start_ms: int | Times) -> bool:
        """Whether any row has a sample after `start_ms` that is not among its newest `width`."""
        deeper = counts > width
        rows = ids[deeper]
        slots = (self.positions[rows] - 1 - width) % self._slots
        after = start_ms[deeper] if isinstance(start_ms, np.ndarray) else start_ms
        return bool((self._times(rows, self._time_index(rows, slots)) > after).any())

    def _recent(self, ids: Ids, width: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """The newest `width` samples of each row as [width, rows], oldest first, and which of them exist."""
        positions = self.positions[ids]
        if len(ids) and (positions == positions[0]).all():
            return self._recent_together(ids, width, int(positions[0]))
        # Slots outside, rows inside: rows of a block that are neighbours in `ids` are neighbours in memory.
        back = np.arange(width, 0, -1)[:, None]
        # Where each sample's slot begins within its block; slots before the first are the last ones.
        slots = (positions % self._slots - back) * ROWS
        slots += (slots < 0) * (self._slots * ROWS)
        first = np.zeros(1, np.int64)
        values = self._words.take(slots + self._value_index(ids, first)).view(np.float64)
        times = self._times(ids, slots + self._time_index(ids, first))
        exists = np.minimum(positions, self.depth) >= back
        return times, values, exists

    def _recent_together(self, ids: Ids, width: int, position: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """As `_recent`, for rows that are at one position, as series are that come together: one gather a slot."""
        words, halves = np.empty((width, len(ids)), np.uint64), np.empty((width, len(ids)), np.uint32)
        first = np.zeros(1, np.int64)
        value_at, time_at = self._value_index(ids, first), self._time_index(ids, first)
        for at in range(width):
            offset = (position - width + at) % self._slots * ROWS
            self._words.take(value_at + offset, out=words[at], mode="clip")
            self._halves.take(time_at + offset, out=halves[at], mode="clip")
        last = self.last_times[ids]
        np.subtract(last.astype(np.uint32), halves, out=halves)
        there = np.arange(width, 0, -1) <= min(position, self.depth)
        exists = np.repeat(there, len(ids)).reshape(width, len(ids))
        return last - halves, words.view(np.float64), exists

    def _times(self, ids: Ids, index: NDArray[np.int64]) -> Times:
        last = self.last_times[ids]
        times: Times = last - (last.astype(np.uint32) - self._halves.take(index))
        return times
