"""The query part of the Prometheus HTTP API: instant and range queries over the series store.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/. Queries run in a thread of their own, one at
a time, so they hold up neither ingest nor the evaluation tick.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from aiohttp import web

from collector.series.store import SeriesStore
from core.access import Permission
from core.clock import Clock, from_rfc3339
from core.http import Route, json_response
from core.labels import Labels
from core.units import parse_duration
from rules.errors import EvaluationError, PromqlError
from rules.promql.evaluate import Evaluator
from rules.promql.parse import parse
from rules.promql.vector import Matrix, Scalar, Vector

T = TypeVar("T")

MAX_POINTS = 11_000  # a series; Prometheus' own limit
MAX_QUERY_BYTES = 1 << 16


class BadQuery(Exception):  # noqa: N818 - Prometheus calls it bad_data
    """A parameter is missing or wrong."""


class Querier:
    """Evaluates queries of people and dashboards."""

    def __init__(self, store: SeriesStore, clock: Clock) -> None:
        self._evaluator = Evaluator(store)
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="query")

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def now_ms(self) -> int:
        return self._clock.now_ms()

    async def instant(self, text: str, at_ms: int) -> Vector | Scalar:
        """The value of an expression at an instant.

        Raises:
            PromqlError: the text is no expression.
            EvaluationError: the data do not allow a result.
        """
        expression = parse(text)
        return await self._run(lambda: self._evaluator.instant(expression, at_ms))

    async def range(self, text: str, start_ms: int, end_ms: int, step_ms: int) -> Matrix:
        """The values of an expression from `start_ms` to `end_ms`; raises as `instant` does."""
        expression = parse(text)
        return await self._run(lambda: self._evaluator.range(expression, start_ms, end_ms, step_ms))

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


QUERIER: web.AppKey[Querier] = web.AppKey("querier", Querier)


async def query(request: web.Request) -> web.Response:
    """`/query`: an instant query."""
    try:
        fields = await _fields(request)
        querier = request.app[QUERIER]
        at_ms = _instant(fields, "time", querier.now_ms())
        result = await querier.instant(_text(fields), at_ms)
    except (BadQuery, PromqlError) as error:
        return _error(400, "bad_data", error)
    except EvaluationError as error:
        return _error(422, "execution", error)
    if isinstance(result, Scalar):
        return _success("scalar", _point(at_ms, result.value))
    return _success("vector", [{"metric": dict(of), "value": _point(at_ms, value)} for of, value in result])


async def query_range(request: web.Request) -> web.Response:
    """`/query_range`: a range query."""
    try:
        fields = await _fields(request)
        result = await request.app[QUERIER].range(_text(fields), *_span(fields))
    except (BadQuery, PromqlError) as error:
        return _error(400, "bad_data", error)
    except EvaluationError as error:
        return _error(422, "execution", error)
    rows = enumerate(result.labels)
    return _success("matrix", [_row(of, result, index) for index, of in rows if result.present[index].any()])


def _row(of: Labels, result: Matrix, index: int) -> dict[str, Any]:
    steps = np.flatnonzero(result.present[index])
    times, values = result.times[steps].tolist(), result.values[index, steps].tolist()
    return {"metric": dict(of), "values": [_point(at, value) for at, value in zip(times, values, strict=True)]}


async def _fields(request: web.Request) -> Mapping[str, str]:
    """Parameters from the URL and, of a POST, from the form; the form wins."""
    fields = dict(request.query)
    if request.method == "POST":
        form = await request.post()
        fields |= {name: value for name, value in form.items() if isinstance(value, str)}
    return fields


def _text(fields: Mapping[str, str]) -> str:
    text = fields.get("query", "")
    if not text:
        raise BadQuery('invalid parameter "query": it is missing')
    if len(text.encode()) > MAX_QUERY_BYTES:
        raise BadQuery(f'invalid parameter "query": longer than {MAX_QUERY_BYTES} bytes')
    return text


def _span(fields: Mapping[str, str]) -> tuple[int, int, int]:
    """Start, end and step of a range query, epoch and plain milliseconds."""
    start_ms, end_ms, step_ms = _instant(fields, "start"), _instant(fields, "end"), _step_ms(fields)
    if end_ms < start_ms:
        raise BadQuery("end timestamp must not be before start time")
    if (end_ms - start_ms) // step_ms >= MAX_POINTS:
        raise BadQuery(f"exceeded maximum resolution of {MAX_POINTS} points per timeseries; use a larger step")
    return start_ms, end_ms, step_ms


def _instant(fields: Mapping[str, str], name: str, default_ms: int | None = None) -> int:
    """Epoch milliseconds of a Unix timestamp in seconds or an RFC 3339 instant."""
    text = fields.get(name)
    if text is None:
        if default_ms is None:
            raise BadQuery(f'invalid parameter "{name}": it is missing')
        return default_ms
    return _number_ms(text, name)


def _number_ms(text: str, name: str) -> int:
    try:
        seconds = float(text)
    except ValueError:
        try:
            return from_rfc3339(text)
        except ValueError:
            raise BadQuery(f'invalid parameter "{name}": cannot parse {text!r} to a valid timestamp') from None
    if not math.isfinite(seconds) or abs(seconds) > 1e12:
        raise BadQuery(f'invalid parameter "{name}": {text!r} is out of range')
    return round(seconds * 1000)


def _step_ms(fields: Mapping[str, str]) -> int:
    text = fields.get("step", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parse_duration(text)
        except ValueError:
            raise BadQuery(f'invalid parameter "step": cannot parse {text!r} to a valid duration') from None
    if not 0.001 <= seconds < 1e10:
        raise BadQuery('invalid parameter "step": it must be positive; use a whole number of milliseconds')
    return round(seconds * 1000)


def _point(at_ms: int, value: float) -> list[float | str]:
    return [at_ms / 1000, _number(value)]


def _number(value: float) -> str:
    """A value as Prometheus writes it in JSON: the shortest that reads back the same."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return np.format_float_positional(value, trim="-")
    return repr(value).replace("e-0", "e-")


def _success(kind: str, result: Any) -> web.Response:
    return json_response({"status": "success", "data": {"resultType": kind, "result": result}})


def _error(status: int, kind: str, error: Exception) -> web.Response:
    return json_response({"status": "error", "errorType": kind, "error": str(error)}, status=status)


def opener(store_key: web.AppKey[SeriesStore], clock: Clock) -> Callable[[web.Application], AsyncIterator[None]]:
    """A cleanup context that holds the querier while the application runs."""

    async def run(app: web.Application) -> AsyncIterator[None]:
        app[QUERIER] = Querier(app[store_key], clock)
        yield
        app[QUERIER].close()

    return run


def _route(method: str, name: str, handler: Callable[[web.Request], Any], summary: str) -> Route:
    consumes = "application/x-www-form-urlencoded" if method == "POST" else None
    return Route(method, f"/prometheus/api/v1/{name}", handler, Permission.METRICS_READ, summary, consumes=consumes)


ROUTES = [
    _route("GET", "query", query, "Instant query (Prometheus API)"),
    _route("POST", "query", query, "Instant query (Prometheus API), parameters as a form"),
    _route("GET", "query_range", query_range, "Range query (Prometheus API)"),
    _route("POST", "query_range", query_range, "Range query (Prometheus API), parameters as a form"),
]
