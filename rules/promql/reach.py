"""How far back an expression looks: the oldest instant of which its value needs a sample."""

from __future__ import annotations

import numpy as np

from rules.functions import FUNCTIONS
from rules.functions.shapes import OfElements, OfRange
from rules.promql.plan import (
    Aggregation,
    Binary,
    Call,
    Edge,
    Negation,
    Node,
    Number,
    RangeSelector,
    Subquery,
    Text,
    VectorSelector,
    When,
    children,
)

_NAMELESS_CALLS = frozenset({"absent", "absent_over_time", "histogram_quantile", "timestamp", "vector"})
_COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
_CHOOSING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})  # these keep the series they choose


def earliest_ms(node: Node, at_ms: int, span: tuple[int, int], lookback_ms: int | None = None) -> int | None:
    """Epoch ms after which all samples lie that the value at `at_ms` needs; None when it needs none.

    It never lessens when `at_ms` grows. `span` is the query's start and end, for `@ start()` and `@ end()`;
    `lookback_ms` says how long a sample counts, when not the usual five minutes.
    """
    match node:
        case Number() | Text():
            return None
        case VectorSelector(selector):
            return _instant(selector.when, at_ms, span) - (lookback_ms or selector.lookback_ms)
        case RangeSelector(selector, range_ms):
            return _instant(selector.when, at_ms, span) - range_ms
        case Subquery(operand, range_ms, _, when):
            return earliest_ms(operand, _instant(when, at_ms, span) - range_ms, span, lookback_ms)
    found = [earliest_ms(child, at_ms, span, lookback_ms) for child in children(node)]
    return min((one for one in found if one is not None), default=None)


def looks_at_edges(node: Node) -> bool:
    """Whether the value depends on where the query starts or ends, by `@ start()` or `@ end()`."""
    match node:
        case VectorSelector(selector) | RangeSelector(selector):
            return isinstance(selector.when.fixed_at, Edge)
        case Subquery(operand, _, _, when):
            return isinstance(when.fixed_at, Edge) or looks_at_edges(operand)
    return any(looks_at_edges(child) for child in children(node))


def drops_name(node: Node) -> bool:
    """Whether no series of the value has a metric's name, whatever the samples."""
    match node:
        case Call(function=name):
            function = FUNCTIONS[name]
            if isinstance(function, OfRange):
                return not function.keeps_name
            return isinstance(function, OfElements) or name in _NAMELESS_CALLS
        case Binary(op=op, as_bool=as_bool):
            return as_bool or op not in _COMPARISONS
        case Aggregation(op=op, operand=operand, without=without, labels=labels):
            if op in _CHOOSING:
                return drops_name(operand)
            return op != "count_values" and (without or "__name__" not in labels)
    return isinstance(node, Negation)


def _instant(when: When, at_ms: int, span: tuple[int, int]) -> int:
    return int(when.instants(np.array([at_ms], np.int64), span)[0])
