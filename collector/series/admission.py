"""Which samples of a batch may be appended: Prometheus' rules of order and age, over arrays, without IO."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.series.refusal import Code
from rules.source import Ids, Times

_NEVER = -1  # last time of a series without samples; every admissible time is later


@dataclass(frozen=True, slots=True)
class Admission:
    """The decision on one batch.

    Attributes:
        codes: [samples] a `Code` each; what is not newer than its series' last sample stands as
            `OUT_OF_ORDER` until somebody has looked whether the store holds it already.
        ranks: [samples] how many accepted samples of the same series come before; None when no series has two.
    """

    codes: NDArray[np.uint8]
    ranks: NDArray[np.int64] | None


def admit(ids: Ids, times: Times, last_times: Times, *, oldest_ms: int, newest_ms: int) -> Admission:
    """Decide on each sample as if they were appended one by one in the order given.

    Args:
        ids: [samples] rows; -1 for a series that was refused.
        times: [samples] epoch ms.
        last_times: [samples] the time of the newest sample that the store has of the series, -1 for none.
        oldest_ms: the earliest time that is not too old.
        newest_ms: the latest time that is not too new.
    """
    codes = np.zeros(len(ids), np.uint8)
    repeats = _repeats(ids)
    if not repeats and _all_well(ids, times, last_times, oldest_ms, newest_ms):
        return Admission(codes, None)
    codes[times > newest_ms] = Code.TOO_NEW
    codes[times < oldest_ms] = Code.TOO_OLD
    codes[ids < 0] = Code.SERIES_LIMIT
    # A last sample from an impossible future (the clock was wrong) must not close the series for good.
    floor = np.where(last_times > newest_ms, _NEVER, last_times)
    if not repeats:
        codes[(codes == Code.ACCEPTED) & (times <= floor)] = Code.OUT_OF_ORDER
        return Admission(codes, None)
    return _admit_several(ids, times, floor, codes, oldest_ms)


def _all_well(ids: Ids, times: Times, last_times: Times, oldest_ms: int, newest_ms: int) -> bool:
    """Whether each is simply the next sample of its series, as in the steady state: a few reductions tell."""
    return len(ids) == 0 or bool(
        oldest_ms <= times.min() and times.max() <= newest_ms and ids.min() >= 0 and (times > last_times).all()
    )


def _repeats(ids: Ids) -> bool:
    if len(ids) < 2 or bool((ids[1:] > ids[:-1]).all()):  # a sender in its steady state repeats its order
        return False
    ordered = np.sort(ids)
    return bool((ordered[1:] == ordered[:-1]).any())


def _admit_several(ids: Ids, times: Times, floor: Times, codes: NDArray[np.uint8], oldest_ms: int) -> Admission:
    """Several samples of a series: one is accepted when it is later than all admissible ones before it.

    The running maximum per series is one `maximum.accumulate` over the samples sorted by series: each series'
    offsets are lifted above those of the series before.
    """
    order = np.argsort(ids, kind="stable")
    order = order[codes[order] == Code.ACCEPTED]
    ranks = np.zeros(len(ids), np.int64)
    if len(order) == 0:
        return Admission(codes, ranks)
    rows, at = ids[order], times[order] - oldest_ms
    first = np.r_[True, rows[1:] != rows[:-1]]
    group = np.cumsum(first) - 1
    before = np.maximum(floor[order] - oldest_ms, -1)
    # Above the times in the store too: a late sample's series may reach further than any sample that came.
    lift = group * (max(int(at.max()), int(before.max())) + 2)
    reached = np.maximum.accumulate(np.maximum(np.where(first, before, -1), at) + lift)
    previous = np.where(first, before + lift, np.r_[np.int64(0), reached[:-1]])
    accepted = at + lift > previous
    codes[order[~accepted]] = Code.OUT_OF_ORDER
    taken = np.cumsum(accepted) - accepted
    ranks[order] = taken - taken[first][group]
    return Admission(codes, ranks)
