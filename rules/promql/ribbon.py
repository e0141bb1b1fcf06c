"""The samples of many ranges, read once and cut apart step by step by binary search."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rules.functions.shapes import Samples, Sight
from rules.promql.vector import Ints, Mask, Values
from rules.source import Window


class Ribbon:
    """The samples of some series over a stretch of time.

    All times are laid behind one another, row by row, each row on a stretch of numbers of its own: so one binary
    search finds an instant in every row.
    """

    def __init__(self, window: Window, start_ms: int, end_ms: int) -> None:
        """Cut up the samples in (start, end]."""
        self._window = window
        self._start_ms = start_ms
        self._stretch = end_ms - start_ms + 2
        rows, width = window.times.shape
        self._rows = np.arange(rows)
        self._width = width
        valid = np.arange(width) < window.counts[:, None]
        from_start = np.where(valid, window.times - start_ms, self._stretch - 1)  # what is no sample comes last
        self._keys = (from_start + (self._rows * self._stretch)[:, None]).ravel()

    @staticmethod
    def of_steps(times: Ints, values: Values, present: Mask) -> Window:
        """The values at some steps [series, steps] as samples packed to the left."""
        counts = present.sum(axis=1)
        if present.all():
            return Window(np.broadcast_to(times, values.shape), values, counts)
        places = np.argsort(~present, axis=1, kind="stable")[:, : int(counts.max(initial=0))]
        return Window(times[places], np.take_along_axis(values, places, axis=1), counts)

    def cut(self, start_ms: int, end_ms: int) -> Samples:
        """The samples in (start, end]."""
        first, behind = self._until(start_ms), self._until(end_ms)
        counts = behind - first
        window = self._window
        if len(first) and (first == first[0]).all() and (counts == counts[0]).all():
            columns = slice(int(first[0]), int(behind[0]))  # series that are collected together
            return Samples.of(Window(window.times[:, columns], window.values[:, columns], counts, window.spacings_ms))
        places = first[:, None] + np.arange(int(counts.max(initial=0)))
        np.minimum(places, self._width - 1, out=places)
        times = np.take_along_axis(window.times, places, axis=1)
        values = np.take_along_axis(window.values, places, axis=1)
        return Samples.of(Window(times, values, counts, window.spacings_ms))

    def cuts(self, ends: Ints, times: Ints, range_ms: int) -> Iterator[tuple[Sight, Samples]]:
        """The ranges that end at `ends` for evaluations at `times`, both [steps]."""
        for end, at in zip(ends.tolist(), times.tolist(), strict=True):
            yield Sight(end - range_ms, end, at), self.cut(end - range_ms, end)

    def _until(self, at_ms: int) -> Ints:
        """[series] how many samples are not later than an instant."""
        inside = min(max(at_ms - self._start_ms, 0), self._stretch - 2)
        found: Ints = np.searchsorted(self._keys, self._rows * self._stretch + inside, side="right")
        found -= self._rows * self._width
        return found
