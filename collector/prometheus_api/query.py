"""`/query` and `/query_range`: expressions evaluated at an instant and over a range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from aiohttp import web

from collector.prometheus_api.answer import point, points, respond, stamp, success, truncated
from collector.prometheus_api.parameters import Parameters, wrong
from collector.prometheus_api.querier import QUERIER, Worker
from core.labels import Labels
from rules.promql.parse import parse_query
from rules.promql.plan import Kind, RangeSelector, Selector
from rules.promql.text import Source
from rules.promql.vector import Matrix, Scalar, Vector

_ROW_COST = 10  # what labels cost in an answer, in samples


async def query(request: web.Request) -> web.Response:
    """The value of an expression at an instant: a vector, scalar or string, or the samples of a range selector."""
    parameters = await Parameters.of(request)
    querier = request.app[QUERIER]
    text, limit = parameters.query(), parameters.limit()
    at_ms = parameters.instant_ms("time", querier.now_ms())
    body = await querier.run(
        lambda worker: instant(worker, text, at_ms, limit),
        timeout_ms=parameters.duration_ms("timeout"), lookback_ms=parameters.duration_ms("lookback_delta"),
    )  # fmt: skip
    return respond(body)


async def query_range(request: web.Request) -> web.Response:
    """The values of an expression from start to end, a step apart; at most 11,000 a series."""
    parameters = await Parameters.of(request)
    text, limit = parameters.query(), parameters.limit()
    start_ms, end_ms, step_ms = parameters.span()
    body = await request.app[QUERIER].run(
        lambda worker: over_range(worker, text, (start_ms, end_ms, step_ms), limit),
        timeout_ms=parameters.duration_ms("timeout"), lookback_ms=parameters.duration_ms("lookback_delta"),
    )  # fmt: skip
    return respond(body)


def instant(worker: Worker, text: str, at_ms: int, limit: int) -> bytes:
    """The body of an instant query's answer.

    Raises:
        PromqlError: the text is no expression.
        EvaluationError: the data do not allow a result.
        ApiError: the budget is used up.
    """
    literal = _string(text)
    if literal is not None:
        return _success("string", [msgspec.Raw(stamp(at_ms).encode()), literal])
    expression = parse_query(text)
    if expression.kind is Kind.RANGE:
        if not isinstance(expression.root, RangeSelector):
            raise wrong("query", "this range vector cannot be shown by itself; put it into a function such as rate(…)")
        return _samples(worker, expression.root, at_ms, limit)
    result = worker.evaluator.instant(expression, at_ms)
    if isinstance(result, Scalar):
        return _success("scalar", point(at_ms, result.value))
    return _vector(worker, result, at_ms, limit)


def over_range(worker: Worker, text: str, span: tuple[int, int, int], limit: int) -> bytes:
    """The body of a range query's answer; raises as `instant` does."""
    expression = None if _string(text) is not None else parse_query(text)
    if expression is None or expression.kind is Kind.RANGE:
        kind = "string" if expression is None else "range vector"
        raise wrong("query", f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector')
    result = worker.evaluator.range(expression, *span)
    return _matrix(worker, result, limit)


def _vector(worker: Worker, result: Vector, at_ms: int, limit: int) -> bytes:
    pairs, warnings = truncated(list(result), limit)
    worker.budget.hold(len(pairs) * _ROW_COST)
    rows = [{"metric": dict(of), "value": point(at_ms, number)} for of, number in pairs]
    return _success("vector", rows, warnings)


def _matrix(worker: Worker, result: Matrix, limit: int) -> bytes:
    present = [index for index in range(len(result.labels)) if result.present[index].any()]
    places, warnings = truncated(sorted(present, key=result.labels.__getitem__), limit)
    worker.budget.hold(int(result.present[list(places)].sum()) + len(places) * _ROW_COST)
    stamps = [stamp(at) for at in result.times.tolist()]
    rows = []
    for index in places:
        worker.budget.check()
        steps = np.flatnonzero(result.present[index])
        values = points([stamps[step] for step in steps.tolist()], result.values[index, steps].tolist())
        rows.append(_row(result.labels[index], values))
    return _success("matrix", rows, warnings)


def _samples(worker: Worker, node: RangeSelector, at_ms: int, limit: int) -> bytes:
    """The raw samples of a range selector, as an instant query gives them."""
    selection = worker.evaluator.selections.get(node.selector.matchers)
    end_ms = _end_ms(node.selector, at_ms)
    window = worker.source.window(selection.ids, end_ms - node.range_ms, end_ms)
    present = np.flatnonzero(window.counts).tolist()
    places, warnings = truncated(sorted(present, key=selection.table.rows.__getitem__), limit)
    rows = []
    for index in places:
        worker.budget.check()
        count = int(window.counts[index])
        stamps = [stamp(at) for at in window.times[index, :count].tolist()]
        rows.append(_row(selection.table.rows[index], points(stamps, window.values[index, :count].tolist())))
    return _success("matrix", rows, warnings)


def _end_ms(selector: Selector, at_ms: int) -> int:
    return selector.instant(at_ms)


def _row(of: Labels, values: msgspec.Raw) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({"metric": dict(of), "values": values}))


def _success(kind: str, result: Any, warnings: Sequence[str] = ()) -> bytes:
    return success({"resultType": kind, "result": result}, warnings)


def _string(text: str) -> str | None:
    """The text of an expression that is nothing but a string; None of any other.

    Raises:
        PromqlError: the text is no expression.
    """
    source = Source(text)
    inner = [token for token in source.tokens if token.text not in ("(", ")")]
    return source.strings[0][0] if len(inner) == len(source.strings) == 1 else None
