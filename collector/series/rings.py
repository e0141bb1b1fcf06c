"""Rings of samples per series, in a memory-mapped file that survives the process: writing them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from collector.series import ring_tails
from collector.series.ring_file import HEAD_BITS, MARGIN, ROWS
from collector.series.ring_reads import RingReads
from rules.source import Ids, Times, Values


def run_of(ids: Ids) -> slice | None:
    """The rows as a slice where they are consecutive, else None."""
    if len(ids) == 0 or ids[0] < 0 or int(ids[-1] - ids[0]) != len(ids) - 1 or not (ids[1:] - ids[:-1] == 1).all():
        return None
    return slice(int(ids[0]), int(ids[-1]) + 1)


class Ring(RingReads):
    """The newest `depth` samples of every row, oldest overwritten first; see `RingFile`."""

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
        self._write_slices(rows, position % self._slots, times, values, times << HEAD_BITS | after)
        self.positions[rows] = after
        self.last_values[rows] = values
        self.last_times[rows] = times
        return True

    def insert(self, ids: Ids, times: Times, values: Values, later: NDArray[np.int64]) -> None:
        """Put samples before the newest ones of their rows.

        Args:
            ids: [samples] rows, each once.
            times: [samples] epoch ms, each between two samples of its row, or before all of them.
            values: [samples].
            later: [samples] how many samples of the row are later, 1 to `MARGIN` - 1.
        """
        ring_tails.insert(self, ids, times, values, later)

    def replace(self, ids: Ids, times: Times, values: Values, later: NDArray[np.int64]) -> None:
        """As `insert`, in the place of samples that `later` newer ones follow, 0 to `MARGIN` - 2."""
        ring_tails.replace(self, ids, times, values, later)

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
        self._words[self._head_index(ids)] = (times << HEAD_BITS | after).view(np.uint64)
        self.positions[ids] = after
        self.last_values[ids] = values
        self.last_times[ids] = times

    def _write_slices(self, rows: slice, slot: int, times: Times | int, values: Values, heads: Times | int) -> None:
        """Write a sample into one slot of consecutive rows, a block at a time, each sample before its head."""
        words, halves, bits = self._words, self._halves, values.view(np.uint64)
        row = rows.start
        while row < rows.stop:
            end = min(rows.stop, (row | ROWS - 1) + 1)
            count, part = end - row, slice(row - rows.start, end - rows.start)
            at = self._value_index(row, slot)
            words[at : at + count] = bits[part]
            at = self._time_index(row, slot)
            halves[at : at + count] = times & 0xFFFF_FFFF if isinstance(times, int) else times[part]
            at = self._head_index(row)
            words[at : at + count] = heads if isinstance(heads, int) else heads[part]
            row = end
