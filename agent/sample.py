"""What a probe yields: a value of a series.

A probe sees the same series again and again, so it makes each `Series` once, keeps it, and yields it with a
new value at every collection. Whoever sends samples can then keep what it encoded in a dict by series: a hit
costs one stored hash and one identity check. Two series made apart from the same parts are still equal.

Labels here are the series' own: without `__name__`, and without `job` and `instance`, which the runner adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, cast

from core.labels import Labels

Kind = Literal["gauge", "counter", "untyped"]


@dataclass(frozen=True, slots=True)
class Family:
    """The metric that a series belongs to: what `# TYPE` and `# HELP` say of it."""

    name: str
    type: Kind
    help: str


class Series:
    """A family and one label set; immutable, compared by family name and labels, its hash computed once.

    Attributes:
        family: the metric.
        labels: sorted by name, without empty values (`core.labels.labels` makes them so).
    """

    __slots__ = ("_hash", "family", "labels")

    def __init__(self, family: Family, labels: Labels = ()) -> None:
        self.family = family
        self.labels = labels
        self._hash = hash((family.name, labels))

    @property
    def name(self) -> str:
        """The metric's name."""
        return self.family.name

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Series):
            return NotImplemented
        return self.family.name == other.family.name and self.labels == other.labels

    def __repr__(self) -> str:
        return f"Series({self.family.name!r}, {self.labels!r})"


class Sample(NamedTuple):
    """One value of one series, now; the runner knows the time. Units are in the metric's name."""

    series: Series
    value: float

    @property
    def name(self) -> str:
        """The metric's name."""
        return self.series.family.name

    @property
    def family(self) -> Family:
        """The metric."""
        return self.series.family

    @property
    def labels(self) -> Labels:
        """The series' own labels, without `__name__`, `job` and `instance`."""
        return self.series.labels


# As `Sample(series, value)`, without the Python frame of a named tuple's constructor: half the time.
_make = cast("Callable[[tuple[Series, float]], Sample]", partial(tuple.__new__, Sample))


def pair(series: Iterable[Series], values: Iterable[float]) -> Iterator[Sample]:
    """A sample of each series with its value; the shorter of the two ends it."""
    return map(_make, zip(series, values, strict=False))
