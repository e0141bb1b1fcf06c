"""Rings of samples per series, in a memory-mapped file that survives the process.

Series are rows; 1024 rows make a block, laid out slot by slot so that a sender's series, which are
neighbours, are written and read as runs of neighbouring words::

    heads   uint64[1024]          time of the newest sample << 16 | position
    values  uint64[slots][1024]   the bits of float64
    times   uint32[slots][1024]   epoch ms modulo 2^32; whole instants follow from the head's

A position counts writes: below `slots` it is their number; from then on it stays in [slots, 2 * slots), so
that it says both where to write next and that the ring is full. Head and time are one aligned word: storing
it publishes the sample, and it is stored last. A process killed at any instruction leaves each ring either
with the sample or without. `MARGIN` slots are never read, so that what a write overwrites before it
publishes was out of sight already.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from collector.series.block_file import BlockFile
from collector.series.windows import pack, stale
from rules.source import Ids, Times, Values, Window

ROWS = 1024
MARGIN = 8
_MOST_AHEAD = 24 << 20  # bytes allocated beyond need, so that growing is rare and yet no long wait
MAX_SPAN_MS = 2**32 - 1  # between the oldest and the newest sample of a row, or times would be ambiguous

_SHIFT = 10
_MASK = ROWS - 1
_POSITION_BITS = 16
_NO_SAMPLE = -1

_Index = TypeVar("_Index", int, NDArray[np.int64])


def run_of(ids: Ids) -> slice | None:
    """The rows as a slice where they are consecutive, else None."""
    if len(ids) == 0 or ids[0] < 0 or int(ids[-1] - ids[0]) != len(ids) - 1 or not (ids[1:] - ids[:-1] == 1).all():
        return None
    return slice(int(ids[0]), int(ids[-1]) + 1)


class Ring:
    """The newest `depth` samples of every row, oldest overwritten first.

    Args:
        file: made when it does not exist.
        depth: how many samples of a row can be read.
        max_gap_ms: beyond this gap between two samples of a row the ring begins anew. None takes what keeps every
            row within `MAX_SPAN_MS` whatever comes; with more the caller sees to it.

    Attributes:
        depth: how many samples of a row can be read.
        max_gap_ms: beyond this gap between two samples of a row the ring begins anew.
        positions: [rows] writes so far, folded; 0 for none.
        last_times: [rows] epoch ms of the newest sample, -1 for none.
        last_values: [rows] the newest sample's value.
        rewrites: how often samples were forgotten; as long as it stays, rows only get later ones.

    Raises:
        Damaged: the file is no ring of this depth.
        StorageError: the file cannot be opened.
    """

    positions: NDArray[np.int64]
    last_times: Times
    last_values: Values

    def __init__(self, file: Path, depth: int, *, max_gap_ms: int | None = None) -> None:
        self.depth = depth
        self.rewrites = 0
        self._slots = depth + MARGIN
        self._block_words = ROWS * (1 + self._slots) + ROWS * self._slots // 2
        identity = f"forewatch ring 1 rows={ROWS} slots={self._slots}\n".encode()
        self._file = BlockFile(file, identity, self._block_words * 8)
        self.max_gap_ms = MAX_SPAN_MS // self._slots if max_gap_ms is None else max_gap_ms
        self._read_heads()

    @property
    def rows(self) -> int:
        return self._file.blocks * ROWS

    def bytes_for(self, rows: int) -> int:
        """How many bytes on disk `grow` takes; 0 when there is room for `rows`."""
        return (self._blocks_for(rows) - self._file.blocks) * self._block_words * 8

    def grow(self, rows: int) -> None:
        """Make room for `rows`, in whole blocks and an eighth more than asked, so that growth is rare.

        Raises:
            StorageError: the disk is full; the ring is as it was.
        """
        if rows <= self.rows:
            return
        self._file.grow(self._blocks_for(rows))
        added = self.rows - len(self.positions)
        self._views()
        self.positions = np.r_[self.positions, np.zeros(added, np.int64)]
        self.last_times = np.r_[self.last_times, np.full(added, _NO_SAMPLE)]
        self.last_values = np.r_[self.last_values, np.zeros(added)]

    def clear(self, ids: Ids) -> None:
        """Forget the samples of some rows; pages of rows that have none are not touched."""
        ids = ids[self.positions[ids] > 0]
        self.rewrites += len(ids) > 0
        self._words[self._head_index(ids)] = 0
        self.positions[ids] = 0
        self.last_times[ids] = _NO_SAMPLE

    def append(self, ids: Ids, times: Times, values: Values, ranks: NDArray[np.int64] | None) -> None:
        """Write samples, each later than the ones of its row before it.

        Args:
            ids: [samples] rows.
            times: [samples] epoch ms, not negative.
            values: [samples].
            ranks: [samples] how many samples of the same row come before in this call; None when none does.
        """
        last = self.last_times[ids]
        restart = (last >= 0) & ((times - last > self.max_gap_ms) | (times < last))
        if ranks is not None:
            restart &= ranks == 0
        if restart.any():
            self.clear(ids[restart])
        if ranks is None:
            self._write(ids, times, values, None)
            return
        for start in range(0, int(ranks.max(initial=-1)) + 1, MARGIN):
            part = np.flatnonzero((ranks >= start) & (ranks < start + MARGIN))
            part = part[np.argsort(ranks[part], kind="stable")]
            self._write(ids[part], times[part], values[part], ranks[part] - start)

    def append_run(self, rows: slice, times: Times | int, values: Values) -> bool:
        """Append a sample to each of consecutive rows, if they are at one position; False if they are not.

        A sender's series are born together and so are neighbours, and they come together: what `append` scatters is
        written here as slices of each block.

        Args:
            rows: of a series each, all with samples, none more than the largest gap ago.
            times: [rows] epoch ms, each later than the row's newest; or one for all.
            values: [rows].
        """
        position = int(self.positions[rows.start])
        if not (self.positions[rows] == position).all():
            return False
        after = position + 1 if position + 1 < 2 * self._slots else self._slots
        self._write_slices(rows, position % self._slots, times, values, times << _POSITION_BITS | after)
        self.positions[rows] = after
        self.last_values[rows] = values
        self.last_times[rows] = times
        return True

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
            times[later] = np.where(found[pick], found_times[pick], _NO_SAMPLE)
            values[later] = found_values[pick]
        return times, values, (times > max(at_ms - lookback_ms, _NO_SAMPLE)) & ~stale(values)

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
        found_times = np.where(newest >= 0, times[pick], _NO_SAMPLE).T
        found_values = values[pick].T
        after = np.maximum(at_ms - lookback_ms, _NO_SAMPLE)
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
        return np.where(positions > 0, self._times(ids, self._time_index(ids, oldest)), _NO_SAMPLE)

    def value_at(self, ids: Ids, times: Times) -> tuple[Values, NDArray[np.bool_]]:
        """Per pair of row and instant the value of the sample at exactly that instant, and whether there is one."""
        if len(ids) == 0:
            return np.zeros(0), np.zeros(0, np.bool_)
        found_times, found_values, found = self._recent(ids, self._reach(ids, times - 1))
        found &= found_times == times
        pick = (np.argmax(found, axis=0), np.arange(len(ids)))
        return found_values[pick], found[pick]

    def close(self) -> None:
        self._file.close()
        self._words = np.empty(0, np.uint64)
        self._halves = np.empty(0, np.uint32)

    def _blocks_for(self, rows: int) -> int:
        now = self._file.blocks
        ahead = min(now // 8, max(1, _MOST_AHEAD // (self._block_words * 8)))
        return now if rows <= self.rows else max(-(-rows // ROWS), now + ahead)

    def _views(self) -> None:
        self._words = self._file.data.view(np.uint64)
        self._halves = self._file.data.view(np.uint32)

    def _read_heads(self) -> None:
        self._views()
        blocks = self._words.reshape(self._file.blocks, self._block_words)
        heads = blocks[:, :ROWS].reshape(-1).astype(np.int64)
        self.positions = heads & (1 << _POSITION_BITS) - 1
        self.last_times = np.where(self.positions > 0, heads >> _POSITION_BITS, _NO_SAMPLE)
        broken = np.flatnonzero((self.positions >= 2 * self._slots) | (heads < 0))
        self.last_values = np.zeros(len(heads))
        self.broken_rows = len(broken)
        self._words[self._head_index(broken)] = 0
        self.clear(broken)
        used = np.flatnonzero(self.positions)
        self.last_values[used] = self._words[self._value_index(used, (self.positions[used] - 1) % self._slots)].view(
            np.float64
        )

    def _write(self, ids: Ids, times: Times, values: Values, ranks: NDArray[np.int64] | None) -> None:
        """Write up to `MARGIN` samples a row and publish them; of one row the last in the arrays is the newest."""
        run = run_of(ids) if ranks is None else None
        if run is not None and self.append_run(run, times, values):
            return
        positions = self.positions[ids] + (0 if ranks is None else ranks)
        slots = positions % self._slots
        self._words[self._value_index(ids, slots)] = values.view(np.uint64)
        self._halves[self._time_index(ids, slots)] = times.astype(np.uint32)
        after = positions + 1
        after[after >= 2 * self._slots] -= self._slots
        # Of several samples of a row the one assigned last stays.
        self._words[self._head_index(ids)] = (times << _POSITION_BITS | after).view(np.uint64)
        self.positions[ids] = after
        self.last_values[ids] = values
        self.last_times[ids] = times

    def _write_slices(self, rows: slice, slot: int, times: Times | int, values: Values, heads: Times | int) -> None:
        """Write a sample into one slot of consecutive rows, a block at a time, each sample before its head."""
        words, halves, bits = self._words, self._halves, values.view(np.uint64)
        row = rows.start
        while row < rows.stop:
            end = min(rows.stop, (row | _MASK) + 1)
            count, part = end - row, slice(row - rows.start, end - rows.start)
            at = self._value_index(row, slot)
            words[at : at + count] = bits[part]
            at = self._time_index(row, slot)
            halves[at : at + count] = times & 0xFFFF_FFFF if isinstance(times, int) else times[part]
            at = self._head_index(row)
            words[at : at + count] = heads if isinstance(heads, int) else heads[part]
            row = end

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

    def _head_index(self, ids: _Index) -> _Index:
        return (ids >> _SHIFT) * self._block_words + (ids & _MASK)

    def _value_index(self, ids: _Index, slots: _Index) -> _Index:
        return (ids >> _SHIFT) * self._block_words + (ids & _MASK) + (slots + 1) * ROWS

    def _time_index(self, ids: _Index, slots: _Index) -> _Index:
        first = ROWS * (1 + self._slots) * 2
        return (ids >> _SHIFT) * (self._block_words * 2) + (ids & _MASK) + first + slots * ROWS
