"""The plan of an expression: a tree of nodes that the evaluator walks.

Nodes are compared by identity, so what is worked out once for a node (its groups, its joins) can be kept under
it; selectors and matching rules are plain values. Everything in a plan is supported: `parse` refuses the rest.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Literal

from rules.source import LOOKBACK_MS, Matcher


class Kind(enum.StrEnum):
    """What a node evaluates to."""

    SCALAR = "scalar"
    TEXT = "string"
    VECTOR = "instant vector"
    RANGE = "range vector"


@dataclass(frozen=True, slots=True)
class Selector:
    """Which series, and how far from the evaluation's instant to look.

    Attributes:
        matchers: all must hold; the metric's name is a matcher of `__name__`.
        offset_ms: how far back; negative looks ahead.
        fixed_at_ms: the instant given by `@`; None follows the evaluation.
    """

    matchers: tuple[Matcher, ...]
    offset_ms: int = 0
    fixed_at_ms: int | None = None
    lookback_ms: int = LOOKBACK_MS

    def instant(self, at_ms: int) -> int:
        """The instant at which this selector reads when the evaluation stands at `at_ms`."""
        return (at_ms if self.fixed_at_ms is None else self.fixed_at_ms) - self.offset_ms


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


Node = Number | Text | VectorSelector | RangeSelector | Negation | Binary | SetOperation | Aggregation | Call


def kind_of(node: Node) -> Kind:
    """What a node evaluates to."""
    match node:
        case Number():
            return Kind.SCALAR
        case Text():
            return Kind.TEXT
        case RangeSelector():
            return Kind.RANGE
        case Negation() | Binary() | Call():
            return node.kind
        case _:
            return Kind.VECTOR


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
