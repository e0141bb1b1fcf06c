"""What one query may use, and a source that keeps to it.

Evaluation runs in a thread, which nothing can stop from outside. But it reads every sample and series through
its source, so that is where it is told to give up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from collector.prometheus_api.errors import Canceled, TimedOut, TooMuch
from collector.series.windows import join_windows
from core.clock import Clock
from core.labels import Labels
from rules.source import Ids, Matcher, Source, Times, Values, Window, newest_at

WRITTEN_COST = 4  # what a value takes in an answer, spelled with its time, next to one that is read
ROW_COST = 10  # what a row's labels take

_READ = 1 << 16  # series between two looks at the budget


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What one query may use.

    Attributes:
        seconds: from its arrival to its answer, waiting for its turn included.
        samples: held at once: of a range selector's window, or values of the answer.
    """

    seconds: float = 30.0
    samples: int = 20_000_000


class Budget:
    """The time and samples that are left to one query; `cancel` may be called from any thread.

    Attributes:
        arrived, began: by the monotonic clock, when it came and when its turn was.
        samples, peak: how many it has read, and the most that it held at once.
    """

    def __init__(self, limits: QueryLimits, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self.arrived = self.began = clock.monotonic()
        self.samples = self.peak = 0
        self._ends = self.arrived + limits.seconds
        self._canceled = False

    def begin(self) -> None:
        """Its turn has come."""
        self.began = self._clock.monotonic()

    def elapsed(self) -> float:
        """Seconds since its turn."""
        return self._clock.monotonic() - self.began

    def cancel(self) -> None:
        self._canceled = True

    def check(self) -> None:
        """Go on, or not.

        Raises:
            TimedOut: the time is over.
            Canceled: nobody waits for the answer.
        """
        if self._clock.monotonic() > self._ends:
            raise self.timed_out()
        if self._canceled:
            raise Canceled("query was canceled")

    def hold(self, samples: int) -> None:
        """Have room for so many samples at once; raises as `check` does, too.

        Raises:
            TooMuch: there is none.
        """
        self.check()
        self.peak = max(self.peak, samples)
        if samples > self.limits.samples:
            raise TooMuch(
                f"query processing would load too many samples into memory: {samples:,}, of which "
                f"{self.limits.samples:,} are allowed; ask for fewer series, a shorter range or a larger step"
            )

    def write(self, values: int, rows: int) -> None:
        """Have room for an answer of so many values in so many rows: all of it is text in memory before it is sent.

        Raises:
            TooMuch: there is none.
        """
        self.check()
        self.peak = max(self.peak, values)
        if values * WRITTEN_COST + rows * ROW_COST > self.limits.samples:
            raise TooMuch(
                f"the answer would have too many samples: {values:,} in {rows:,} series; ask for fewer series, a "
                "shorter range or a larger step"
            )

    def timed_out(self) -> TimedOut:
        return TimedOut(f"query timed out after {self.limits.seconds:g} s")


class Series(Source, Protocol):
    """What queries read: a source that also knows each series' newest sample."""

    def last_times(self, ids: Ids) -> Times:
        """[ids] epoch ms of each series' newest sample, -1 for none."""
        ...


class Guarded:
    """Series read for one query after another, each with its own budget and look-back."""

    def __init__(self, source: Series) -> None:
        self._source = source
        self._budget: Budget | None = None
        self._lookback_ms: int | None = None

    def serve(self, budget: Budget, lookback_ms: int | None = None) -> None:
        """Read for another query; `lookback_ms` replaces the usual five minutes."""
        self._budget, self._lookback_ms = budget, lookback_ms

    @property
    def generation(self) -> int:
        return self._source.generation

    @property
    def retirements(self) -> int:
        return self._source.retirements

    def select(self, matchers: Sequence[Matcher]) -> Ids:
        """As the source's, within the budget."""
        self._now().check()
        return self._source.select(matchers)

    def labels(self, series_id: int) -> Labels:
        """As the source's; too short to be worth a look at the clock."""
        return self._source.labels(series_id)

    def last_times(self, ids: Ids) -> Times:
        """As the source's, within the budget."""
        self._now().check()
        return self._source.last_times(ids)

    def instant(self, ids: Ids, at_ms: int, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """As the source's, within the budget."""
        budget = self._now()
        budget.hold(len(ids))
        read = self._source.instant(ids, at_ms, self._lookback_ms or lookback_ms)
        budget.samples += int(np.count_nonzero(read[2]))
        return read

    def instants(self, ids: Ids, at_ms: Times, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """As `newest_at` of the source, within the budget, which is looked at every few thousand series."""
        budget, lookback_ms = self._now(), self._lookback_ms or lookback_ms
        pieces = []
        for first in range(0, max(len(ids), 1), _READ):
            budget.hold(len(ids))
            pieces.append(newest_at(self._source, ids[first : first + _READ], at_ms, lookback_ms))
            budget.samples += int(np.count_nonzero(pieces[-1][2]))
        times, values, present = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
        return times, values, present

    def window(self, ids: Ids, start_ms: int, end_ms: int) -> Window:
        """As the source's, within the budget, which is looked at every few thousand series."""
        budget, widest = self._now(), 0
        pieces: list[Window] = []
        for first in range(0, max(len(ids), 1), _READ):
            piece = self._source.window(ids[first : first + _READ], start_ms, end_ms)
            widest = max(widest, piece.values.shape[1])
            budget.hold(widest * len(ids))
            budget.samples += int(piece.counts.sum())
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else join_windows(pieces)

    def _now(self) -> Budget:
        assert self._budget is not None, "serve() comes first"
        return self._budget
