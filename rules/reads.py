"""What an expression reads, and whether each of its results comes from one series alone."""

from __future__ import annotations

from collections.abc import Iterator

from core.labels import METRIC_NAME
from rules.promql.plan import (
    Aggregation,
    Call,
    Node,
    RangeSelector,
    Selector,
    SetOperation,
    Subquery,
    VectorSelector,
    children,
)

# Functions whose result depends on several series, or on there being none.
_OF_SEVERAL = frozenset({"absent", "absent_over_time", "histogram_quantile", "scalar"})


def selectors_of(root: Node) -> Iterator[Selector]:
    """Every selector of an expression, from left to right."""
    if isinstance(root, VectorSelector | RangeSelector):
        yield root.selector
    for node in children(root):
        yield from selectors_of(node)


def newest_read(root: Node) -> Iterator[Selector]:
    """The selectors to whose results a sample that arrives now may belong; not those that look back or stand still."""
    if isinstance(root, VectorSelector | RangeSelector | Subquery):
        when = root.when if isinstance(root, Subquery) else root.selector.when
        if when.offset_ms > 0 or when.fixed_at is not None:
            return
    if isinstance(root, VectorSelector | RangeSelector):
        yield root.selector
    for node in children(root):
        yield from newest_read(node)


def name_of(selector: Selector) -> str | None:
    """The metric that a selector names; None when it may select several."""
    for matcher in selector.matchers:
        if matcher.name == METRIC_NAME and matcher.op == "=":
            return matcher.value
    return None


def is_of_one_series(root: Node) -> bool:
    """Whether each result comes from one series and constants, so that no other series can make it wrong."""
    match root:
        case Aggregation() | SetOperation():
            return False
        case Call(function=function) if function in _OF_SEVERAL:
            return False
    reading = [node for node in children(root) if next(selectors_of(node), None) is not None]
    return len(reading) <= 1 and all(map(is_of_one_series, reading))
