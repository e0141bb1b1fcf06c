"""The envelopes of the API, and values as Prometheus writes them in JSON."""

from __future__ import annotations

import functools
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from aiohttp import web

from collector.prometheus_api.delivery import finish
from collector.prometheus_api.errors import ApiError, BadData
from core.errors import InvalidInput
from rules.errors import EvaluationError, PromqlError

Handler = Callable[[web.Request], Awaitable[web.Response]]

TRUNCATED = "results truncated due to limit"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query is answered: `kind` is the envelope's resultType."""

    kind: str
    result: Any
    warnings: Sequence[str] = ()


def success(data: Any, warnings: Sequence[str] = ()) -> bytes:
    """The body of a good answer; `data` may hold `msgspec.Raw`."""
    body: dict[str, Any] = {"status": "success", "data": data}
    if warnings:
        body["warnings"] = list(warnings)
    return msgspec.json.encode(body)


def respond(body: bytes, status: int = 200) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")


def failure(error: Exception) -> web.Response:
    """The answer to what a query, its parameters or its data are wrong with."""
    status, kind = _kind(error)
    text = f'invalid parameter "query": {error}' if isinstance(error, PromqlError) else str(error)
    return respond(msgspec.json.encode({"status": "error", "errorType": kind, "error": text}), status)


def _kind(error: Exception) -> tuple[int, str]:
    if isinstance(error, ApiError):
        return error.status, error.kind
    if isinstance(error, EvaluationError):
        return 422, "execution"
    return BadData.status, BadData.kind


def enveloped(handler: Handler) -> Handler:
    """The handler with its errors in Prometheus' envelope instead of problem+json."""

    @functools.wraps(handler)
    async def answer(request: web.Request) -> web.Response:
        try:
            response = await handler(request)
        except (ApiError, PromqlError, EvaluationError, InvalidInput) as error:
            response = failure(error)
        return await finish(request, response)

    return answer


def value(number: float) -> str:
    """A sample's value: the shortest spelling that reads back the same."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    plain = repr(number)
    if "e" not in plain:
        return plain.removesuffix(".0")
    if 1e-6 <= abs(number) < 1e21:
        return str(np.format_float_positional(number, trim="-"))
    return plain.replace("e-0", "e-")


def stamp(at_ms: int) -> str:
    """An instant as a JSON number: seconds, with milliseconds where there are any."""
    seconds, rest = divmod(abs(at_ms), 1000)
    sign = "-" if at_ms < 0 else ""
    return f"{sign}{seconds}.{rest:03d}".rstrip("0") if rest else f"{sign}{seconds}"


def point(at_ms: int, number: float) -> msgspec.Raw:
    """One sample: `[1435781430.781,"1"]`."""
    return msgspec.Raw(f'[{stamp(at_ms)},"{value(number)}"]'.encode())


def points(stamps: Sequence[str], numbers: Sequence[float]) -> msgspec.Raw:
    """Several samples, their instants spelled already."""
    pairs = zip(stamps, numbers, strict=True)
    return msgspec.Raw(("[" + ",".join([f'[{at},"{value(number)}"]' for at, number in pairs]) + "]").encode())


def truncated(rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], list[str]]:
    """At most `limit` rows, with the warning that says so; 0 is no limit."""
    if 0 < limit < len(rows):
        return rows[:limit], [TRUNCATED]
    return rows, []
