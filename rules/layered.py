"""A source that is read but never written, with what rules write laid over it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.labels import METRIC_NAME, Labels
from rules.memory import MemorySource
from rules.source import Ids, Matcher, Source, Times, Values, Window

_OWN = 1 << 40  # ids from here on are of the upper layer; no store has that many series


class LayeredSource:
    """`base` as it stands, less the `hidden` series, and on top of it the series that are appended here.

    Args:
        base: must not change meanwhile.
        hidden: selectors of series of `base` that nobody shall see, such as what rules have recorded before.
    """

    def __init__(self, base: Source, hidden: Iterable[Sequence[Matcher]] = ()) -> None:
        self._base = base
        self._own = MemorySource()
        found = [np.asarray(base.select(matchers), np.int64) for matchers in hidden]
        self._hidden = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
        self._selected: dict[tuple[Matcher, ...], Ids] = {}

    @property
    def generation(self) -> int:
        return self._base.generation + self._own.generation

    @property
    def retirements(self) -> int:
        return self._base.retirements

    def append(self, series: Labels, samples: Iterable[tuple[int, float]]) -> None:
        """As `MemorySource.append`, to the upper layer."""
        self._own.append(series, samples)

    def select(self, matchers: Sequence[Matcher]) -> Ids:
        key = tuple(matchers)
        below = self._selected.get(key)
        if below is None:
            below = np.asarray(self._base.select(key), np.int64)
            below = self._selected[key] = below[~np.isin(below, self._hidden)]
        return np.concatenate([below, self._own.select(key) + _OWN])

    def labels(self, series_id: int) -> Labels:
        return self._own.labels(series_id - _OWN) if series_id >= _OWN else self._base.labels(series_id)

    def instant(self, ids: Ids, at_ms: int, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        own = ids >= _OWN
        if not own.any():
            return self._base.instant(ids, at_ms, lookback_ms)
        times, values, present = np.zeros(len(ids), np.int64), np.zeros(len(ids)), np.zeros(len(ids), np.bool_)
        for rows, found in (
            (~own, self._base.instant(ids[~own], at_ms, lookback_ms)),
            (own, self._own.instant(ids[own] - _OWN, at_ms, lookback_ms)),
        ):
            times[rows], values[rows], present[rows] = found
        return times, values, present

    def window(self, ids: Ids, start_ms: int, end_ms: int) -> Window:
        own = ids >= _OWN
        if not own.any():
            return self._base.window(ids, start_ms, end_ms)
        below = self._base.window(ids[~own], start_ms, end_ms)
        above = self._own.window(ids[own] - _OWN, start_ms, end_ms)
        shape = len(ids), max(below.times.shape[1], above.times.shape[1])
        times, values, counts = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(len(ids), np.int64)
        for rows, window in ((~own, below), (own, above)):
            width = window.times.shape[1]
            times[rows, :width], values[rows, :width], counts[rows] = window.times, window.values, window.counts
        spacings = None
        if below.spacings_ms is not None:
            spacings = np.zeros(len(ids), np.int64)
            spacings[~own] = below.spacings_ms
        return Window(times, values, counts, spacings)


def written_by(records: Iterable[str], alerts: Iterable[str]) -> list[list[Matcher]]:
    """Selectors of what recording rules of these names write, and of the series about alerts of these names."""
    selectors = [[Matcher(METRIC_NAME, "=", name)] for name in sorted(set(records))]
    for name in sorted(set(alerts)):
        selectors += [
            [Matcher(METRIC_NAME, "=", series), Matcher("alertname", "=", name)]
            for series in ("ALERTS", "ALERTS_FOR_STATE")
        ]
    return selectors
