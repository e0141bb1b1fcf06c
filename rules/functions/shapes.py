"""The shapes of functions and what they are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from rules.promql.plan import Call, Kind, Node
from rules.promql.vector import Block, Ints, Line, Mask, Table, Values
from rules.source import Window

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of some series in one range, packed to the left, oldest first.

    Attributes:
        times: [series, width] epoch ms; anything where not valid.
        values: [series, width]; anything where not valid.
        counts: [series].
        valid: [series, width].
        start_ms, end_ms: the range (start, end].
        at_ms: the evaluation's instant, from which an offset has moved the range.
        spacing_ms: as of the window.
    """

    times: Ints
    values: Values
    counts: Ints
    valid: Mask
    start_ms: int
    end_ms: int
    at_ms: int
    spacing_ms: int = 0

    @staticmethod
    def of(window: Window, start_ms: int, end_ms: int, at_ms: int) -> Samples:
        valid = np.arange(window.times.shape[1]) < window.counts[:, None]
        return Samples(window.times, window.values, window.counts, valid, start_ms, end_ms, at_ms, window.spacing_ms)

    @staticmethod
    def none(at_ms: int) -> Samples:
        """No series at all."""
        return Samples.of(
            Window(np.empty((0, 0), np.int64), np.empty((0, 0)), np.empty(0, np.int64)), at_ms, at_ms, at_ms
        )

    def shares(self) -> Values:
        """[series, width] the weight of each sample in an average; of a series with samples they make 1.

        All weigh the same, as in Prometheus, unless older samples are kept less densely: then each stands for the time
        since the one before it, and the first for as long as the second.
        """
        weights = self.valid.astype(np.float64)
        if self.spacing_ms and self.times.shape[1] > 1:
            gaps = np.diff(self.times, axis=1)
            weights *= np.clip(np.concatenate([gaps[:, :1], gaps], axis=1), 1, self.spacing_ms)
        sums: Values = weights.sum(axis=1, keepdims=True)
        return weights / np.where(sums > 0, sums, 1.0)

    @property
    def seconds(self) -> float:
        """Length of the range."""
        return (self.end_ms - self.start_ms) / 1000

    def filled(self, filler: float) -> Values:
        """The values with `filler` where there is no sample."""
        return np.where(self.valid, self.values, filler)

    def at(self, column: NDArray[np.int64] | int) -> tuple[Ints, Values]:
        """Times and values [series] of one column a series; zeros where a series has no such sample."""
        if self.times.shape[1] == 0:
            return np.zeros(len(self.counts), np.int64), np.zeros(len(self.counts))
        columns = np.clip(np.broadcast_to(np.asarray(column, np.int64), self.counts.shape), 0, self.times.shape[1] - 1)
        rows = np.arange(len(self.counts))
        return self.times[rows, columns], self.values[rows, columns]


class BadArgument(Exception):  # noqa: N818 - the planner makes it a PromqlError
    """An argument that could never work; found when an expression is read.

    Attributes:
        place: the argument's number, 0 for the first.
        reason: what is wrong.
    """

    def __init__(self, place: int, reason: str) -> None:
        super().__init__(reason)
        self.place = place
        self.reason = reason


# Values [series] and whether each series has one.
Outcome = tuple[Values, Mask]


class Evaluation(Protocol):
    """What a special function may ask of the evaluator."""

    @property
    def times(self) -> Ints:
        """[steps] epoch ms."""
        ...

    def block(self, node: Node) -> Block: ...

    def line(self, node: Node) -> Line: ...

    def sample_times(self, node: Node) -> Ints | None:
        """[series, steps] epoch ms of the samples of an instant selector; None of any other node."""
        ...

    def any_in_range(self, node: Node) -> Mask:
        """[steps] whether any series of a range selector has a sample."""
        ...

    def nameless(self, node: Node, table: Table) -> Table:
        """The table without names, kept for `node`."""
        ...

    def layout(self, node: Node, role: str, table: Table, build: Callable[[], T]) -> T:
        """What was worked out from a table's labels, kept for `node` while the table is the same."""
        ...

    def constant_table(self, node: Node, build: Callable[[], Table]) -> Table:
        """A table that belongs to a node and never changes."""
        ...


@dataclass(frozen=True, slots=True)
class OfRange:
    """`compute(samples, *numbers)`; numbers are the scalar arguments."""

    compute: Callable[..., Outcome]
    keeps_name: bool = False
    returns: Kind = Kind.VECTOR


@dataclass(frozen=True, slots=True)
class OfElements:
    """`compute(values [series, steps], *numbers [steps])` → values, element by element.

    Without any argument, where the grammar allows that, it is of the evaluation's own instant: `hour()`.
    """

    compute: Callable[..., Values]
    returns: Kind = Kind.VECTOR


@dataclass(frozen=True, slots=True)
class Special:
    """`compute(evaluation, call)` → block or line; `check(arguments)` raises BadArgument when it is read."""

    compute: Callable[[Evaluation, Call], Block | Line]
    scalar: bool = False
    check: Callable[[tuple[Node, ...]], None] | None = None

    @property
    def returns(self) -> Kind:
        return Kind.SCALAR if self.scalar else Kind.VECTOR


Function = OfRange | OfElements | Special
