"""What can be asked about the samples of series, while other threads append."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from collector.series.samples import Samples
from collector.series.turns import Turns
from collector.series.windows import join_windows
from rules.source import Ids, Times, Values, Window

_READ_STEPS = 512  # series at a time that are read at many instants: writers wait no longer than for these
_READ = 2048  # series at a time whose windows are read: their arrays stay in the processor's cache


class SampleReads:
    """The half of `SeriesStore` that reads samples."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._turns = Turns()

    def last_times(self, ids: Ids) -> Times:
        """[ids] epoch ms of each series' newest sample, -1 for none: whether anything is new, in one gather."""
        with self._turns.reading():
            newest: Times = self._samples.last_times.take(ids)
            return newest

    def newest_values(self, ids: Ids, at_ms: int) -> Values | None:
        """As `rules.source.Columnar.newest_values`."""
        with self._turns.reading():
            return self._samples.newest_values(ids, at_ms)

    def oldest_ms(self) -> int | None:
        """Epoch ms of the oldest sample of all; None when there is none. Looks at every series, some at a time."""
        oldest: list[int] = []
        for first in range(0, self._samples.rows, _READ):
            with self._turns.reading():
                found = self._samples.oldest_ms(slice(first, first + _READ))
            if found is not None:
                oldest.append(found)
        return min(oldest, default=None)

    def instant(self, ids: Ids, at_ms: int, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """Per series the newest sample in (at - lookback, at]; present is False where there is none or it is stale."""
        with self._turns.reading():
            return self._samples.instant(ids, at_ms, lookback_ms)

    def instants(self, ids: Ids, at_ms: Times, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """As `instant` at each of some ascending instants [steps], in one read: [series, steps] each.

        Many series are read some at a time, between which samples may be appended.
        """
        shape = len(ids), len(at_ms)
        times, values, present = np.empty(shape, np.int64), np.empty(shape), np.empty(shape, np.bool_)
        for first in range(0, len(ids), _READ_STEPS):
            part = slice(first, first + _READ_STEPS)
            with self._turns.reading():
                times[part], values[part], present[part] = self._samples.instants(ids[part], at_ms, lookback_ms)
        return times, values, present

    def window(self, ids: Ids, start_ms: int, end_ms: int) -> Window:
        """The samples in the left-open range (start, end], as far as the rings reach back.

        Many series are read some at a time, between which samples may be appended.
        """
        pieces: list[Window] = []
        for first in range(0, max(len(ids), 1), _READ):
            with self._turns.reading():
                pieces.append(self._samples.window(ids[first : first + _READ], start_ms, end_ms))
        return join_windows(pieces)
