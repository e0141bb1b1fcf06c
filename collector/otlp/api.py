"""`POST /v1/metrics`: OTLP/HTTP metrics, from OpenTelemetry SDKs and collectors.

OpenTelemetry's protobuf classes are loaded with the first request: most collectors get none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from collector.ingest.api import INGEST, outcome_word, read_push, sender_of
from collector.ingest.headers import PushHeaders
from collector.ingest.limits import IngestLimits
from collector.ingest.outcome import Outcome
from collector.ingest.write import Ingest
from collector.otlp.encoding import Encoding
from core.access import ANONYMOUS, PRINCIPAL, Permission
from core.errors import ForewatchError, InvalidInput
from core.http import CLOCK, Problem, Route
from core.log import get_logger

if TYPE_CHECKING:
    from collector.otlp.points import Points

log = get_logger(__name__)

_PARSED = 4  # a parsed request is held to be about so many times its bytes
_FOREIGN = PushHeaders()


async def export(request: web.Request) -> web.Response:
    """Take in an export: 200, and how many of its data points were refused; the good ones are kept either way."""
    ingest = request.app[INGEST]
    try:
        rejected, outcome, encoding = await _export(request, ingest)
    except (ForewatchError, Problem) as error:
        ingest.metrics.requests.labels(outcome_word(error)).inc()
        raise
    ingest.metrics.requests.labels("partial" if outcome.refused else "ok").inc()
    from collector.otlp.decode import encode_response  # noqa: PLC0415

    message = outcome.explain() if outcome.refused else ""
    return web.Response(body=encode_response(rejected, message, encoding), content_type=encoding)


async def _export(request: web.Request, ingest: Ingest) -> tuple[int, Outcome, Encoding]:
    """How many data points were refused, what became of the samples, and how to answer."""
    encoding = _encoding(request)
    sender = sender_of(_FOREIGN, request.get(PRINCIPAL, ANONYMOUS))
    clock = request.app[CLOCK]
    with ingest.pressure.hold() as held:
        body = await read_push(request, ingest.limits, held)
        held.add(_PARSED * len(body))
        started = clock.monotonic()
        ingest.metrics.bytes.inc(request.content_length or len(body))
        points: list[Points] = []

        def decode() -> Points:
            from collector.otlp.decode import decode_request  # noqa: PLC0415
            from collector.otlp.points import read_points  # noqa: PLC0415

            points.append(read_points(decode_request(body, encoding), ingest.limits))
            return points[0]

        outcome = await ingest.take(lambda: decode().decoded, sender)
        ingest.metrics.seconds.observe(clock.monotonic() - started)
    if outcome.refused:
        left_out = ingest.quiet.due(sender, started)
        if left_out is not None:
            log.warning("data points refused", sender=sender, detail=outcome.explain(), like_it_before=left_out)
    return points[0].rejected(outcome.refused_at), outcome, encoding


def _encoding(request: web.Request) -> Encoding:
    """How the request is encoded; gzip is undone by the server, chunk by chunk, before the body is read.

    Raises:
        InvalidInput: 415, it is something else.
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("gzip", "identity", ""):
        raise InvalidInput("unsupported_media_type", "send the body with Content-Encoding: gzip or none", status=415)
    try:
        return Encoding(request.content_type)
    except ValueError:
        raise InvalidInput(
            "unsupported_media_type", f"send OTLP as Content-Type: {' or '.join(Encoding)}", status=415
        ) from None


ROUTES = [
    Route(
        "POST",
        "/v1/metrics",
        export,
        Permission.METRICS_WRITE,
        "Export metrics by OTLP/HTTP",
        content_type=Encoding.PROTOBUF,
        max_body_bytes=IngestLimits().body_bytes,
        consumes=Encoding.PROTOBUF,
    ),
]
