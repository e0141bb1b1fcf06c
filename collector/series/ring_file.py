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

What changes samples that are in sight (`collector.series.ring_tails`) first writes what shall stand there into the
margin and then a head that says so; whoever opens the file takes it from there. Such a head has above its position how
many slots wait, and whether the ring has a sample more then::

    bits 0-10   position
    bits 11-13  how many samples before the position are to be taken from the slots behind it; 0 for none
    bit 14      whether the position is then one further
    bits 16-63  time of the newest sample
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from collector.series.block_file import BlockFile
from collector.series.growing import grown
from rules.source import Ids, Times, Values

ROWS = 1024
MARGIN = 8
NO_SAMPLE = -1
MAX_SPAN_MS = 2**32 - 1  # between the oldest and the newest sample of a row, or times would be ambiguous
HEAD_BITS = 16  # of a head that are not its time
WAITING_SHIFT, GROWS_SHIFT = 11, 14

_MOST_AHEAD = 24 << 20  # bytes allocated beyond need, so that growing is rare and yet no long wait
_POSITION = (1 << WAITING_SHIFT) - 1
_SHIFT = 10
_MASK = ROWS - 1

_Index = TypeVar("_Index", int, NDArray[np.int64])


def block_words(slots: int) -> int:
    """How many words of eight bytes a block takes."""
    return ROWS * (1 + slots) + ROWS * slots // 2


class RingFile:
    """The file, where things stand in it, and columns of what its heads say.

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
        rewrites: how often samples were forgotten or put before others; as long as it stays, rows only get later ones.
        broken_rows: how many rows had a head that cannot be, and begin anew.

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
        assert 2 * self._slots <= _POSITION, "a position has its place in a head"
        self._block_words = block_words(self._slots)
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
        self._views()
        self.positions = grown(self.positions, self.rows, 0)
        self.last_times = grown(self.last_times, self.rows, NO_SAMPLE)
        self.last_values = grown(self.last_values, self.rows, 0.0)

    def clear(self, ids: Ids) -> None:
        """Forget the samples of some rows; pages of rows that have none are not touched."""
        ids = ids[self.positions[ids] > 0]
        self.rewrites += len(ids) > 0
        self._words[self._head_index(ids)] = 0
        self.positions[ids] = 0
        self.last_times[ids] = NO_SAMPLE

    def close(self) -> None:
        """Let go of the file; nothing needs to be flushed."""
        self._file.close()
        self._words = np.empty(0, np.uint64)
        self._halves = np.empty(0, np.uint32)

    def folded(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions that are one too far brought back to where the ring is full."""
        return np.where(positions >= 2 * self._slots, positions - self._slots, positions)

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
        self.positions = heads & _POSITION
        self.last_times = np.where(self.positions > 0, heads >> HEAD_BITS, NO_SAMPLE)
        self.last_values = np.zeros(len(heads))
        waiting = heads >> WAITING_SHIFT & 0x1F
        broken = (self.positions >= 2 * self._slots) | (heads < 0) | (waiting & MARGIN - 1 > self.positions)
        broken |= (waiting > 0) & ((waiting & MARGIN - 1 == 0) | (waiting >= 2 * MARGIN))
        self._begin_anew(np.flatnonzero(broken))
        self._finish(np.flatnonzero((waiting > 0) & ~broken), waiting)
        used = np.flatnonzero(self.positions)
        self.last_values[used] = self._words[self._value_index(used, (self.positions[used] - 1) % self._slots)].view(
            np.float64
        )

    def _begin_anew(self, broken: Ids) -> None:
        self.broken_rows = len(broken)
        self._words[self._head_index(broken)] = 0
        self.clear(broken)

    def _finish(self, ids: Ids, waiting: NDArray[np.int64]) -> None:
        """Do for rows of a process that was killed what it had written down to do."""
        for row, word in zip(ids.tolist(), waiting[ids].tolist(), strict=True):
            self.take_waiting(np.array([row]), word & MARGIN - 1, grows=word >= MARGIN)

    def put(self, ids: Ids, positions: NDArray[np.int64], times: Times, values: Values) -> None:
        """Write samples into the slots of some positions; this publishes nothing."""
        slots = positions % self._slots
        self._words[self._value_index(ids, slots)] = values.view(np.uint64)
        self._halves[self._time_index(ids, slots)] = times.astype(np.uint32)

    def copy(self, ids: Ids, source: NDArray[np.int64], target: NDArray[np.int64]) -> None:
        """Copy a sample of each row from the slot of one position to that of another; this publishes nothing."""
        source, target = source % self._slots, target % self._slots
        self._words[self._value_index(ids, target)] = self._words[self._value_index(ids, source)]
        self._halves[self._time_index(ids, target)] = self._halves[self._time_index(ids, source)]

    def announce(self, ids: Ids, count: int, *, grows: bool) -> None:
        """Publish that `take_waiting` is to be done with rows."""
        waiting = count << WAITING_SHIFT | grows << GROWS_SHIFT
        heads = self.last_times[ids] << HEAD_BITS | waiting | self.positions[ids]
        self._words[self._head_index(ids)] = heads.view(np.uint64)

    def take_waiting(self, ids: Ids, count: int, *, grows: bool) -> None:
        """Put the `count` samples that wait behind the positions of rows where they belong, and publish that.

        They replace the newest `count`; where the ring grows, the one at the position is the newest then.
        """
        positions = self.positions[ids]
        for back in range(count, 0, -1):
            self.copy(ids, positions + 1 + count - back, positions - back)
        after = self.folded(positions + 1) if grows else positions
        self._words[self._head_index(ids)] = (self.last_times[ids] << HEAD_BITS | after).view(np.uint64)
        self.positions[ids] = after

    def _head_index(self, ids: _Index) -> _Index:
        return (ids >> _SHIFT) * self._block_words + (ids & _MASK)

    def _value_index(self, ids: _Index, slots: _Index) -> _Index:
        return (ids >> _SHIFT) * self._block_words + (ids & _MASK) + (slots + 1) * ROWS

    def _time_index(self, ids: _Index, slots: _Index) -> _Index:
        first = ROWS * (1 + self._slots) * 2
        return (ids >> _SHIFT) * (self._block_words * 2) + (ids & _MASK) + first + slots * ROWS
