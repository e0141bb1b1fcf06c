"""Changing what is in sight: a sample put before the newest ones of its row, or in the place of one of them.

Up to `MARGIN` - 1 samples in sight change. What shall stand in their place waits in the margin when a head says so,
so a process killed at any instruction leaves each row with the change or without: see `collector.series.ring_file`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from collector.series.ring_file import RingFile
from rules.source import Ids, Times, Values


def insert(ring: RingFile, ids: Ids, times: Times, values: Values, later: NDArray[np.int64]) -> None:
    """As `Ring.insert`."""
    ring.rewrites += len(ids) > 0
    for count in np.unique(later).tolist():
        part = later == count
        _insert(ring, ids[part], times[part], values[part], count)


def replace(ring: RingFile, ids: Ids, times: Times, values: Values, later: NDArray[np.int64]) -> None:
    """As `Ring.replace`."""
    ring.rewrites += len(ids) > 0
    for following in np.unique(later).tolist():
        part = later == following
        _replace(ring, ids[part], times[part], values[part], following + 1)


def _insert(ring: RingFile, ids: Ids, times: Times, values: Values, count: int) -> None:
    """Put a sample before the newest `count` of each row."""
    positions = ring.positions[ids]
    # The newest goes to the position, which is out of sight still; the others move up by one.
    ring.copy(ids, positions - 1, positions)
    ring.put(ids, positions + 1, times, values)
    for step in range(1, count):
        ring.copy(ids, positions - count + step - 1, positions + 1 + step)
    ring.announce(ids, count, grows=True)
    ring.take_waiting(ids, count, grows=True)


def _replace(ring: RingFile, ids: Ids, times: Times, values: Values, count: int) -> None:
    """Put a sample in the place of the oldest of the newest `count` of each row."""
    positions = ring.positions[ids]
    ring.put(ids, positions + 1, times, values)
    for step in range(1, count):
        ring.copy(ids, positions - count + step, positions + 1 + step)
    if count == 1:
        ring.last_times[ids], ring.last_values[ids] = times, values
    ring.announce(ids, count, grows=False)
    ring.take_waiting(ids, count, grows=False)
