"""Appending a batch: what its order and age allow, and what comes late."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from collector.series.admission import admit
from collector.series.columns import Columns
from collector.series.limits import SeriesLimits
from collector.series.refusal import Code, Refusals
from collector.series.ring_file import MARGIN
from collector.series.rings import run_of
from collector.series.samples import Samples
from core.log import get_logger
from rules.source import Ids, Times, Values

log = get_logger(__name__)

_SEARCH = 4096  # samples at a time that are looked up in the rings


class Appender:
    """Appends; not more than one call at a time.

    A late sample, which is earlier than the newest of its series, is put in its place while it lies within
    `out_of_order_ms` of that and at most six samples are later: requests of a sender that has several connections
    overtake one another. An instant has one value, whichever came first.
    """

    def __init__(self, samples: Samples, columns: Columns, limits: SeriesLimits) -> None:
        self._samples = samples
        self._columns = columns
        self._limits = limits

    def append(self, ids: Ids, times: Times, values: Values, now_ms: int) -> Refusals:
        """As `SeriesStore.append`."""
        run = run_of(ids)
        if run is not None and self.append_next(run, times, values, now_ms):
            return Refusals(len(ids))
        oldest_ms, newest_ms = self._span(now_ms)
        last_times = self._last_times_until(ids, newest_ms)
        admission = admit(ids, times, last_times, oldest_ms=oldest_ms, newest_ms=newest_ms)
        codes, ranks = admission.codes, admission.ranks
        if not codes.any():
            self._write(ids, times, values, ranks, now_ms)
            return Refusals(len(ids))
        taken = np.flatnonzero(codes == Code.ACCEPTED)
        self._write(ids[taken], times[taken], values[taken], None if ranks is None else ranks[taken], now_ms)
        self._tell_duplicates(codes, ids, times, values, now_ms)
        late = self._take_late(codes, ids, times, values, now_ms)
        return Refusals.of(codes, late)

    def append_next(self, rows: slice, times: Times | int, values: Values, now_ms: int) -> bool:
        """As `SeriesStore.append_next`."""
        if not self._samples.append_next(rows, times, values, *self._span(now_ms)):
            return False
        self._columns.arrived[rows] = now_ms // 1000
        return True

    def _span(self, now_ms: int) -> tuple[int, int]:
        """The oldest and the newest time that is taken."""
        return max(0, now_ms - self._limits.max_age_ms), now_ms + self._limits.max_ahead_ms

    def _write(self, ids: Ids, times: Times, values: Values, ranks: NDArray[np.int64] | None, now_ms: int) -> None:
        self._samples.append(ids, times, values, ranks)
        self._columns.arrived[ids] = now_ms // 1000

    def _last_times_until(self, ids: Ids, newest_ms: int) -> Times:
        """[ids] times of the newest samples, -1 for none; none lies ahead of what may be taken.

        A series whose newest sample does lie ahead begins anew: the clock has been set back by more than that,
        and until it had caught up everything would be out of order.
        """
        if not len(self._samples.last_times):
            return np.full(len(ids), -1)
        ahead = (self._samples.last_times[ids] > newest_ms) & (ids >= 0)
        if ahead.any():
            rows = np.unique(ids[ahead])
            log.warning("series begin anew: their samples lie in the future, the clock was set back", series=len(rows))
            self._samples.clear(rows)
        return self._samples.last_times[ids]

    def _tell_duplicates(self, codes: NDArray[np.uint8], ids: Ids, times: Times, values: Values, now_ms: int) -> None:
        """Of what came too late, find what the store already holds: the same sample again is no fault."""
        late = np.flatnonzero(codes == Code.OUT_OF_ORDER)
        for start in range(0, len(late), _SEARCH):
            part = late[start : start + _SEARCH]
            held, found = self._samples.value_at(ids[part], times[part])
            same = held.view(np.uint64) == values[part].view(np.uint64)
            codes[part[found & same]] = Code.DUPLICATE
            codes[part[found & ~same]] = Code.DUPLICATE_TIMESTAMP
            self._columns.arrived[ids[part[found & same]]] = now_ms // 1000

    def _take_late(self, codes: NDArray[np.uint8], ids: Ids, times: Times, values: Values, now_ms: int) -> int:
        """Put what is late into its place; returns how many samples were.

        Of one series no more than the rings' margin are taken: more of a batch can hardly all be late by a little.
        """
        before = int((codes == Code.ACCEPTED).sum())
        left = np.flatnonzero(codes == Code.OUT_OF_ORDER)
        left = left[self._samples.last_times[ids[left]] - times[left] < self._limits.out_of_order_ms]
        for _ in range(MARGIN):
            if not len(left):
                break
            rows, first = np.unique(ids[left], return_index=True)
            part = left[first]
            codes[part] = self._samples.insert(rows, times[part], values[part])
            self._columns.arrived[rows[codes[part] <= Code.DUPLICATE]] = now_ms // 1000
            left = np.delete(left, first)
        return int((codes == Code.ACCEPTED).sum()) - before
