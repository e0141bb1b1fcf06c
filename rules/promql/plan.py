"""The plan of an expression: a tree of nodes that the evaluator walks.

Nodes are compared by identity, so what is worked out once for a node (its groups, its joins) can be kept under
it; selectors and matching rules are plain values. Everything in a plan is supported: `parse` refuses the rest.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rules.source import LOOKBACK_MS, Matcher


class Kind(enum.StrEnum):
    """What a node evaluates to."""

    SCALAR = "scalar"
    TEXT = "string"
    VECTOR = "instant vector"
    RANGE = "range vector"


class Edge(enum.StrEnum):
    """An end of the query: `@ start()`, `@ end()`. Those of an instant query are its instant."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class When:
    """Where to look, seen from the evaluation's instant.

    Attributes:
        offset_ms: how far back; negative looks ahead.
        fixed_at: the instant given by `@`, epoch ms or an end of the query; None follows the evaluation.
    """

    offset_ms: int = 0
    fixed_at: int | Edge | None = None

    def instants(self, times: NDArray[np.int64], span: tuple[int, int]) -> NDArray[np.int64]:
        """[steps] the instants at which to read for an evaluation at `times` of a query from `span[0]` to `span[1]`."""
        if self.fixed_at is None:
            return times - self.offset_ms
        at = span[self.fixed_at is Edge.END] if isinstance(self.fixed_at, Edge) else self.fixed_at
        return np.full(len(times), at - self.offset_ms, np.int64)


@dataclass(frozen=True, slots=True)
class Selector:
    """Which series, and when; `matchers` must all hold, the metric's name is a matcher of `__name__`."""

    matchers: tuple[Matcher, ...]
    when: When = When()
    lookback_ms: int = LOOKBACK_MS
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.matchers, self.when, self.lookback_ms)))

    def __hash__(self) -> int:  # asked for several times at every evaluation
        return self._hash

    def instant(self, at_ms: int) -> int:
        """The instant at which an instant query at `at_ms` reads."""
        return int(self.when.instants(np.array([at_ms]), (at_ms, at_ms))[0])


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Number:
    value: float


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Text:
    """A string; only as an argument of what takes one."""

    value: str


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class VectorSelector:
    selector: Selector


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class RangeSelector:
    selector: Selector
    range_ms: int


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Subquery:
    """The values of an expression at the multiples of a step within a range; the evaluator's step when it is None."""

    operand: Node
    range_ms: int
    step_ms: int | None
    when: When


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Negation:
    operand: Node
    kind: Kind


@dataclass(frozen=True, slots=True)
class Matching:
    """Which labels pair the two sides of an operator, and which side may have several series a pair.

    Attributes:
        on: the labels are those that count; otherwise those that do not.
        labels: the labels of `on` or `ignoring`.
        many: the side that may have several series for one of the other; None for one to one.
        include: labels copied from the one side (`group_left(…)`).
    """

    on: bool = False
    labels: tuple[str, ...] = ()
    many: Literal["left", "right"] | None = None
    include: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Binary:
    """An arithmetic or comparison operator; `as_bool` is the modifier that returns 0 and 1 instead of filtering."""

    op: str
    left: Node
    right: Node
    as_bool: bool
    matching: Matching
    kind: Kind


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class SetOperation:
    op: Literal["and", "or", "unless"]
    left: Node
    right: Node
    matching: Matching


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Aggregation:
    """An aggregation over the groups of equal `labels` (by), or of all other labels (without).

    `parameter` is what topk and its like are given: a scalar, or a `Text` for count_values.
    """

    op: str
    operand: Node
    without: bool
    labels: tuple[str, ...]
    parameter: Node | None = None


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Call:
    """A function of the registry `rules.functions.FUNCTIONS`, with its arguments as Prometheus orders them."""

    function: str
    arguments: tuple[Node, ...]
    kind: Kind


Node = Number | Text | VectorSelector | RangeSelector | Subquery | Negation | Binary | SetOperation | Aggregation | Call


def kind_of(node: Node) -> Kind:
    """What a node evaluates to."""
    if isinstance(node, Negation | Binary | Call):
        return node.kind
    return _KINDS.get(type(node), Kind.VECTOR)


_KINDS: dict[type[Node], Kind] = {
    Number: Kind.SCALAR, Text: Kind.TEXT, RangeSelector: Kind.RANGE, Subquery: Kind.RANGE,
}  # fmt: skip


def children(node: Node) -> tuple[Node, ...]:
    """The nodes that a node is made of."""
    match node:
        case Subquery(operand=operand) | Negation(operand=operand):
            return (operand,)
        case Binary(left=left, right=right) | SetOperation(left=left, right=right):
            return left, right
        case Aggregation(operand=operand, parameter=parameter):
            return (operand,) if parameter is None else (operand, parameter)
        case Call(arguments=arguments):
            return arguments
        case _:
            return ()


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Expression:
    """An expression that can be evaluated as it is; made by `rules.promql.parse.parse`.

    Attributes:
        text: as it was written.
        root: its plan.
        kind: scalar or instant vector.
    """

    text: str
    root: Node
    kind: Kind

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __reduce__(self) -> Any:  # plans are identities; a copy is another parse
        from rules.promql.parse import parse  # noqa: PLC0415 - parse builds on this module

        return parse, (self.text,)
