"""A copy of a ring's file while a collector writes to it, a block at a time.

The heads of a block are read before its samples. One sample more in a row meanwhile does no harm: it is written where
the head that was read shows nothing. After anything else, as a sample put before others, the block is read again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from collector.series.block_file import HEADER_BYTES
from collector.series.ring_file import HEAD_BITS, ROWS, WAITING_SHIFT, block_words

ReadAt = Callable[[int, int, int], bytes]  # descriptor, length, offset

_SLOTS = re.compile(rb"^forewatch ring 1 rows=\d+ slots=(\d+)\n")
_TRIES = 20  # a block takes a millisecond: what writes so often to every one of them writes tens of thousands a second
_HEAD_BYTES = ROWS * 8


def copy_ring(source: Path, target: Path, *, read: ReadAt = os.pread) -> None:
    """Copy a ring that may be in use; a file that is no ring is copied as it is.

    Raises:
        OSError: a file cannot be read or written.
    """
    from_fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with target.open("wb") as copy:
            header = read(from_fd, HEADER_BYTES, 0)
            copy.write(header)
            found = _SLOTS.match(header)
            slots = int(found[1]) if found else 0
            size = block_words(slots) * 8
            at = len(header)
            while block := _read_block(read, from_fd, size, at, slots):
                copy.write(block)
                at += len(block)
    finally:
        os.close(from_fd)


def _read_block(read: ReadAt, descriptor: int, size: int, at: int, slots: int) -> bytes:
    """A block as it was at one moment, as far as its heads show it; empty behind the last one."""
    block = b""
    for _ in range(_TRIES):
        block = read(descriptor, size, at)
        if len(block) < size:
            return block
        after = read(descriptor, _HEAD_BYTES, at)
        if _has_only_grown(np.frombuffer(block, np.int64, ROWS), np.frombuffer(after, np.int64), slots):
            break
    return block


def _has_only_grown(before: NDArray[np.int64], after: NDArray[np.int64], slots: int) -> bool:
    """Whether every row is as it was, or has one later sample."""
    mask = (1 << HEAD_BITS) - 1
    at, then = before & mask, after & mask
    settled = (at >> WAITING_SHIFT == 0) & (then >> WAITING_SHIFT == 0)
    one_more = (then == at + 1) | ((at + 1 == 2 * slots) & (then == slots))
    grown = settled & one_more & (after >> HEAD_BITS > before >> HEAD_BITS)
    return bool(((before == after) | grown).all())
