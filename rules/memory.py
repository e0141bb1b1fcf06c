"""Samples in memory: the in-package `Source` for rule unit tests and for the evaluator's own."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.labels import Labels
from core.remote_write import is_stale
from rules.source import Ids, Matcher, Times, Values, Window


class MemorySource:
    """Series as sorted lists; simple before fast."""

    def __init__(self) -> None:
        self._labels: list[Labels] = []
        self._ids: dict[Labels, int] = {}
        self._times: list[list[int]] = []
        self._values: list[list[float]] = []
        self._rewrites = 0

    @property
    def generation(self) -> int:
        return len(self._labels)

    @property
    def retirements(self) -> int:
        return 0  # no series is ever retired

    @property
    def rewrites(self) -> int:
        """Changes whenever a sample is put before or in the place of another."""
        return self._rewrites

    def last_times(self, ids: Ids) -> Times:
        """[ids] epoch ms of each series' newest sample, -1 for none."""
        return np.array([(self._times[series_id] or [-1])[-1] for series_id in ids.tolist()], np.int64)

    def append(self, series: Labels, samples: Iterable[tuple[int, float]]) -> int:
        """Add samples (epoch ms, value) to a series, which is born if need be; returns its id.

        A sample at an instant that has one replaces it; a stale marker ends the series until its next sample.
        """
        series_id = self._ids.setdefault(series, len(self._labels))
        if series_id == len(self._labels):
            self._labels.append(series)
            self._times.append([])
            self._values.append([])
        times, values = self._times[series_id], self._values[series_id]
        for at_ms, value in samples:
            place = bisect.bisect_left(times, at_ms)
            self._rewrites += place < len(times)
            if place < len(times) and times[place] == at_ms:
                values[place] = value
            else:
                times.insert(place, at_ms)
                values.insert(place, value)
        return series_id

    def select(self, matchers: Sequence[Matcher]) -> Ids:
        predicates = [(matcher.name, matcher.predicate()) for matcher in matchers]
        found = [
            series_id
            for series_id, own in enumerate(map(dict, self._labels))
            if all(holds(own.get(name, "")) for name, holds in predicates)
        ]
        return np.array(found, np.int64)

    def labels(self, series_id: int) -> Labels:
        return self._labels[series_id]

    def instant(self, ids: Ids, at_ms: int, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        times, values = np.zeros(len(ids), np.int64), np.zeros(len(ids))
        present = np.zeros(len(ids), np.bool_)
        for row, series_id in enumerate(ids.tolist()):
            place = bisect.bisect_right(self._times[series_id], at_ms) - 1
            if place < 0 or self._times[series_id][place] <= at_ms - lookback_ms:
                continue
            times[row], values[row] = self._times[series_id][place], self._values[series_id][place]
            present[row] = not is_stale(self._values[series_id][place])
        return times, values, present

    def window(self, ids: Ids, start_ms: int, end_ms: int) -> Window:
        rows = [self._between(series_id, start_ms, end_ms) for series_id in ids.tolist()]
        width = max(map(len, rows), default=0)
        times, values = np.zeros((len(rows), width), np.int64), np.zeros((len(rows), width))
        for number, row in enumerate(rows):
            for place, (at_ms, value) in enumerate(row):
                times[number, place], values[number, place] = at_ms, value
        return Window(times, values, np.array([len(row) for row in rows], np.int64))

    def _between(self, series_id: int, start_ms: int, end_ms: int) -> list[tuple[int, float]]:
        times = self._times[series_id]
        first, behind = bisect.bisect_right(times, start_ms), bisect.bisect_right(times, end_ms)
        pairs = zip(times[first:behind], self._values[series_id][first:behind], strict=True)
        return [(at_ms, value) for at_ms, value in pairs if not is_stale(value)]
