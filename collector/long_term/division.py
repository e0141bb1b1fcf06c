"""Which part of a query is the long-term store's; decided without IO."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from rules.promql.parse import parse_query
from rules.promql.plan import Kind
from rules.promql.reach import drops_name, earliest_ms, looks_at_edges

Span = tuple[int, int, int]  # start, end, step; milliseconds


@dataclass(frozen=True, slots=True)
class Division:
    """A range query in two parts.

    Attributes:
        older: the steps that are the store's.
        newer: those that are the rings'; None for none.
        drops_name: whether the series of the value have no metric's name.
    """

    older: Span
    newer: Span | None
    drops_name: bool


@dataclass(frozen=True, slots=True)
class OldInstant:
    """An instant query that needs old samples: what its value is, and whether its series have no metric's name."""

    kind: Kind
    drops_name: bool


def old_instant(text: str, at_ms: int, reach_ms: int) -> OldInstant | None:
    """The instant query, if it needs anything from before `reach_ms`; else None.

    That a sample counts for some minutes is left out of account: what has just begun to be collected is asked of the
    rings, which have it at once, and not of the store, which has it a little later.

    Raises:
        PromqlError: the text is no expression.
    """
    expression = parse_query(text)
    earliest = earliest_ms(expression.root, at_ms, (at_ms, at_ms), 1)
    if earliest is None or earliest >= reach_ms:
        return None
    return OldInstant(expression.kind, drops_name(expression.root))


def divide(text: str, span: Span, lookback_ms: int | None, reach_ms: int) -> Division | None:
    """The parts of a range query; None when it needs nothing from before `reach_ms`.

    Raises:
        PromqlError: the text is no expression.
    """
    expression = parse_query(text)
    root, (start_ms, end_ms, step_ms) = expression.root, span
    if expression.kind in (Kind.RANGE, Kind.TEXT):
        return None  # these have no value over a range; the evaluator says so

    def is_recent(at_ms: int) -> bool:
        earliest = earliest_ms(root, at_ms, (start_ms, end_ms), lookback_ms)
        return earliest is None or earliest >= reach_ms

    steps = range(start_ms, end_ms + 1, step_ms)
    first = bisect_left(steps, True, key=is_recent)
    if first == 0:
        return None
    if first == len(steps) or looks_at_edges(root):
        return Division((start_ms, steps[-1], step_ms), None, drops_name(root))
    return Division((start_ms, steps[first - 1], step_ms), (steps[first], end_ms, step_ms), drops_name(root))
