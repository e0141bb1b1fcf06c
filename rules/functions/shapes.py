"""The shapes of functions and what they are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from rules.promql.plan import Call, Kind, Node
from rules.promql.vector import Block, Ints, Line, Mask, Table, Values
from rules.source import Window

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sight:
    """Where a range lies: (start, end], for an evaluation at an instant from which an offset has moved it; epoch ms."""

    start_ms: int
    end_ms: int
    at_ms: int

    @property
    def seconds(self) -> float:
        """Length of the range."""
        return (self.end_ms - self.start_ms) / 1000


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of some series in one range, packed to the left, oldest first.

    Attributes:
        times: [series, width] epoch ms; anything where not valid.
        values: [series, width]; anything where not valid.
        counts: [series].
        valid: [series, width].
        spacings_ms: as of the window.
    """

    times: Ints
    values: Values
    counts: Ints
    valid: Mask
    spacings_ms: Ints | None = None

    @staticmethod
    def of(window: Window) -> Samples:
        valid = np.arange(window.times.shape[1]) < window.counts[:, None]
        return Samples(window.times, window.values, window.counts, valid, window.spacings_ms)

    @property
    def sparse(self) -> Ints:
        """Rows whose older samples are kept less densely."""
        none = np.empty(0, np.int64)
        return none if self.spacings_ms is None else np.flatnonzero(self.spacings_ms)

    def shares(self, rows: Ints) -> Values:
        """[rows, width] the weight of each sample of sparse rows in an average; of a row with samples they make 1.

        Each stands for the time since the one before it, and the first for as long as the second. (Elsewhere all weigh
        the same, as in Prometheus.)
        """
        assert self.spacings_ms is not None
        weights = self.valid[rows].astype(np.float64)
        if self.times.shape[1] > 1:
            gaps = np.diff(self.times[rows], axis=1)
            weights *= np.clip(np.concatenate([gaps[:, :1], gaps], axis=1), 1, self.spacings_ms[rows, None])
        sums: Values = weights.sum(axis=1, keepdims=True)
        return weights / np.where(sums > 0, sums, 1.0)

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


# What is kept of each series' samples: arrays [series].
Digest = tuple[NDArray[Any], ...]


@dataclass(frozen=True, slots=True)
class OfRange:
    """A function of the samples of a range, in two steps, the first of which is repeated only when samples change.

    Attributes:
        digest: `digest(samples)` → arrays [series] that depend on each series' samples alone. Functions that share one
            share its results.
        finish: `finish(digest, sight, *numbers)` → the outcome in arrays of its own, as the digest's are kept and go on
            changing; numbers are the scalar arguments. With None the outcome is `digest(samples, *numbers)`.
    """

    digest: Callable[..., Digest]
    finish: Callable[..., Outcome] | None = None
    keeps_name: bool = False
    returns: Kind = Kind.VECTOR

    def compute(self, samples: Samples, sight: Sight, *numbers: float) -> Outcome:
        """Both steps."""
        if self.finish is not None:
            return self.finish(self.digest(samples), sight, *numbers)
        values, present = self.digest(samples, *numbers)
        return values, present


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
