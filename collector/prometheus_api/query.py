"""`/query` and `/query_range`: expressions evaluated at an instant and over a range."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext

import msgspec
import numpy as np
from aiohttp import web

from collector.long_term.queries import LONG_TERM, Asked, Older
from collector.prometheus_api.answer import Answer, point, points, respond, stamp, success, truncated
from collector.prometheus_api.budget import Budget
from collector.prometheus_api.older import instant_with, range_with
from collector.prometheus_api.parameters import Parameters, wrong
from collector.prometheus_api.querier import QUERIER, Worker
from core.labels import Labels
from rules.promql import subquery
from rules.promql.parse import parse_query
from rules.promql.plan import Expression, Kind, RangeSelector, Subquery, kind_of
from rules.promql.pretty import only_string
from rules.promql.text import Source
from rules.promql.vector import Matrix, Scalar, Vector


async def query(request: web.Request) -> web.Response:
    """The value of an expression at an instant: a vector, scalar or string, or the samples of a range vector."""
    parameters = await Parameters.of(request)
    text, limit = parameters.query(), parameters.limit()
    at_ms = parameters.instant_ms("time", request.app[QUERIER].now_ms())
    asked, long_term = _asked(request, parameters), request.app.get(LONG_TERM)
    async with long_term.instant(text, at_ms, asked) if long_term else nullcontext() as older:
        return await _respond(request, parameters, lambda worker: instant(worker, text, at_ms, limit, older), asked)


async def query_range(request: web.Request) -> web.Response:
    """The values of an expression from start to end, a step apart; at most 11,000 a series."""
    parameters = await Parameters.of(request)
    text, limit = parameters.query(), parameters.limit()
    span = parameters.span()
    asked, long_term = _asked(request, parameters), request.app.get(LONG_TERM)
    async with long_term.over_range(text, span, asked) if long_term else nullcontext() as older:
        return await _respond(request, parameters, lambda worker: over_range(worker, text, span, limit, older), asked)


def _asked(request: web.Request, parameters: Parameters) -> Asked:
    """How the client wants it done, beginning now."""
    timeout_ms, lookback_ms = parameters.duration_ms("timeout"), parameters.duration_ms("lookback_delta")
    return request.app[QUERIER].asked(timeout_ms, lookback_ms)


async def _respond(
    request: web.Request, parameters: Parameters, ask: Callable[[Worker], Answer], asked: Asked
) -> web.Response:
    """The answer, worked out and encoded in a thread; with what it took when `stats` says anything."""
    with_stats = bool(parameters.text("stats"))

    def work(worker: Worker) -> bytes:
        answer = ask(worker)
        data = {"resultType": answer.kind, "result": answer.result}
        return success(data | ({"stats": _stats(worker.budget)} if with_stats else {}), answer.warnings)

    querier = request.app[QUERIER]
    return respond(await querier.run(work, timeout_ms=querier.left_ms(asked), lookback_ms=asked.lookback_ms))


def _stats(budget: Budget) -> dict[str, dict[str, float]]:
    """What a query took so far; reading, evaluating and sorting are one here."""
    queued, took = budget.began - budget.arrived, budget.elapsed()
    return {
        "timings": {
            "evalTotalTime": took, "resultSortTime": 0.0, "queryPreparationTime": 0.0, "innerEvalTime": took,
            "execQueueTime": queued, "execTotalTime": queued + took,
        },
        "samples": {"totalQueryableSamples": budget.samples, "peakSamples": budget.peak},
    }  # fmt: skip


def instant(worker: Worker, text: str, at_ms: int, limit: int, older: Older | None = None) -> Answer:
    """The answer to an instant query; `older` is what the long-term store says, None where it was not asked.

    Raises:
        PromqlError: the text is no expression.
        EvaluationError: the data do not allow a result.
        ApiError: the budget is used up.
    """
    if older is not None:
        return instant_with(worker, older, at_ms, limit, lambda: instant(worker, text, at_ms, limit))
    literal = only_string(Source(text))
    if literal is not None:
        return Answer("string", [msgspec.Raw(stamp(at_ms).encode()), literal])
    expression = parse_query(text)
    if expression.kind is Kind.RANGE:
        if isinstance(expression.root, Subquery):
            return _steps(worker, text, expression.root, at_ms, limit)
        assert isinstance(expression.root, RangeSelector)
        return _samples(worker, expression.root, at_ms, limit)
    result = worker.evaluator.instant(expression, at_ms)
    if isinstance(result, Scalar):
        return Answer("scalar", point(at_ms, result.value))
    return _vector(worker, result, at_ms, limit)


def over_range(worker: Worker, text: str, span: tuple[int, int, int], limit: int, older: Older | None = None) -> Answer:
    """The answer to a range query; `older` and what is raised as of `instant`."""
    expression = None if only_string(Source(text)) is not None else parse_query(text)
    if expression is None or expression.kind is Kind.RANGE:
        kind = "string" if expression is None else "range vector"
        raise wrong("query", f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector')
    if older is not None:
        return range_with(worker, older, span, limit, functools.partial(worker.evaluator.range, expression))
    result = worker.evaluator.range(expression, *span)
    return _matrix(worker, result, limit)


def _vector(worker: Worker, result: Vector, at_ms: int, limit: int) -> Answer:
    pairs, warnings = truncated(list(result), limit)
    worker.budget.write(len(pairs), len(pairs))
    rows = [{"metric": dict(of), "value": point(at_ms, number)} for of, number in pairs]
    return Answer("vector", rows, warnings)


def _matrix(worker: Worker, result: Matrix, limit: int) -> Answer:
    present = [index for index in range(len(result.labels)) if result.present[index].any()]
    places, warnings = truncated(sorted(present, key=result.labels.__getitem__), limit)
    worker.budget.write(int(result.present[list(places)].sum()), len(places))
    stamps = [stamp(at) for at in result.times.tolist()]
    rows = []
    for index in places:
        worker.budget.check()
        steps = np.flatnonzero(result.present[index])
        values = points([stamps[step] for step in steps.tolist()], result.values[index, steps].tolist())
        rows.append(_row(result.labels[index], values))
    return Answer("matrix", rows, warnings)


def _samples(worker: Worker, node: RangeSelector, at_ms: int, limit: int) -> Answer:
    """The raw samples of a range selector, as an instant query gives them."""
    selection = worker.evaluator.selections.get(node.selector.matchers)
    end_ms = node.selector.instant(at_ms)
    window = worker.source.window(selection.ids, end_ms - node.range_ms, end_ms)
    present = np.flatnonzero(window.counts).tolist()
    places, warnings = truncated(sorted(present, key=selection.table.rows.__getitem__), limit)
    worker.budget.write(int(window.counts[list(places)].sum()), len(places))
    rows = []
    for index in places:
        worker.budget.check()
        count = int(window.counts[index])
        stamps = [stamp(at) for at in window.times[index, :count].tolist()]
        rows.append(_row(selection.table.rows[index], points(stamps, window.values[index, :count].tolist())))
    return Answer("matrix", rows, warnings)


def _steps(worker: Worker, text: str, node: Subquery, at_ms: int, limit: int) -> Answer:
    """The values of a subquery, as an instant query gives them."""
    ends = node.when.instants(np.array([at_ms], np.int64), (at_ms, at_ms))
    step_ms = node.step_ms or worker.evaluator.subquery_step_ms
    times = subquery.steps(ends, node.range_ms, step_ms)
    if not len(times):
        return Answer("matrix", [])
    inner = Expression(text, node.operand, kind_of(node.operand))
    return _matrix(worker, worker.evaluator.range(inner, int(times[0]), int(times[-1]), step_ms), limit)


def _row(of: Labels, values: msgspec.Raw) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({"metric": dict(of), "values": values}))
