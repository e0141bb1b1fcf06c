"""The seam between the evaluator and whatever holds the samples.

The collector's series store implements `Source`; `MemorySource` is the in-package implementation for
rule unit tests and the evaluator's own tests. Arrays are NumPy; instants are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.labels import Labels
from rules import patterns

Ids = NDArray[np.int64]
Times = NDArray[np.int64]
Values = NDArray[np.float64]

LOOKBACK_MS = 300_000  # Prometheus' default: a sample counts for five minutes


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher; `value` of `=~` and `!~` is a fully anchored RE2-style pattern."""

    name: str
    op: Literal["=", "!=", "=~", "!~"]
    value: str

    def predicate(self) -> Callable[[str], bool]:
        """A function of the label's value; a missing label has the empty value."""
        if self.op in ("=", "!="):
            equal = self.op == "="
            return lambda value: (value == self.value) is equal
        matches = patterns.predicate(self.value)
        return matches if self.op == "=~" else lambda value: not matches(value)


@dataclass(frozen=True, slots=True)
class Window:
    """The samples of some series in a range, packed to the left, oldest first.

    Attributes:
        times: [series, width] epoch ms; undefined from `counts` on.
        values: [series, width]; undefined from `counts` on.
        counts: [series] how many samples each series has; stale markers are left out.
        spacings_ms: [series] where older samples are kept less densely, up to how long each of those stands for;
            averages then weigh by time. 0 where every sample is there; None where that is so of all series.
    """

    times: Times
    values: Values
    counts: NDArray[np.int64]
    spacings_ms: NDArray[np.int64] | None = None


def no_window(series: int = 0) -> Window:
    """The window of series without samples."""
    return Window(np.empty((series, 0), np.int64), np.empty((series, 0)), np.zeros(series, np.int64))


class Source(Protocol):
    """Samples by series id.

    `generation` changes whenever a series is born or retired, so ids resolved under one generation
    may be kept until it changes.
    """

    @property
    def generation(self) -> int: ...

    @property
    def retirements(self) -> int:
        """Changes whenever an id may have come to mean another series; births alone leave it."""
        ...

    def select(self, matchers: Sequence[Matcher]) -> Ids:
        """Ids of the series whose labels satisfy every matcher, ascending."""
        ...

    def labels(self, series_id: int) -> Labels:
        """The label set of a series.

        Raises:
            KeyError: no live series has this id; it may have been retired since it was selected.
        """
        ...

    def instant(self, ids: Ids, at_ms: int, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """Per series the newest sample in (at - lookback, at]; present is False where there is none or it is stale."""
        ...

    def window(self, ids: Ids, start_ms: int, end_ms: int) -> Window:
        """The samples in the left-open range (start, end]."""
        ...


@runtime_checkable
class Stepped(Source, Protocol):
    """A source that finds the newest samples at many instants in one read."""

    def instants(self, ids: Ids, at_ms: Times, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """As `Source.instant` at each of some ascending instants [steps]: [series, steps] each."""
        ...


def newest_at(source: Source, ids: Ids, at_ms: Times, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
    """As `Stepped.instants`, from any source; there is at least one instant."""
    if at_ms[0] == at_ms[-1]:  # one instant at every step
        read = [source.instant(ids, int(at_ms[0]), lookback_ms)] * len(at_ms)
    elif isinstance(source, Stepped):
        return source.instants(ids, at_ms, lookback_ms)
    else:
        read = [source.instant(ids, at, lookback_ms) for at in at_ms.tolist()]
    times, values, present = zip(*read, strict=True)
    return np.stack(times, axis=1), np.stack(values, axis=1), np.stack(present, axis=1)


@runtime_checkable
class Columnar(Source, Protocol):
    """A source that has each series' newest sample at hand."""

    def newest_values(self, ids: Ids, at_ms: int) -> Values | None:
        """[ids] the value of each series' newest sample, however old it is, and stale or not; undefined without one.

        None when one of the samples is from after an instant.
        """
        ...


@runtime_checkable
class Watched(Source, Protocol):
    """A source that tells cheaply which series' samples are not what they were."""

    @property
    def rewrites(self) -> int:
        """Changes whenever samples are forgotten, replaced or put before others; else a series gets later ones only."""
        ...

    def last_times(self, ids: Ids) -> Times:
        """[ids] epoch ms of each series' newest sample, stale markers included; -1 for none."""
        ...
