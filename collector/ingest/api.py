"""`POST /prometheus/api/v1/write`: Prometheus remote write 1.0, from agents and any other sender."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry

from collector.deadlines import Deadlines
from collector.ingest.headers import PushHeaders, read_headers
from collector.ingest.limits import IngestLimits
from collector.ingest.metrics import IngestMetrics
from collector.ingest.pressure import Hold
from collector.ingest.stored import WRITTEN, Stored
from collector.ingest.write import Ingest
from collector.series.block_file import FreeBytes, free_bytes
from collector.series.limits import SeriesLimits
from collector.series.store import SeriesStore
from core.access import ANONYMOUS, PRINCIPAL, Permission, Principal
from core.clock import Clock
from core.errors import ForewatchError, InvalidInput, Overloaded, StorageError
from core.http import CLOCK, Problem, Route
from core.log import get_logger

log = get_logger(__name__)

STORE: web.AppKey[SeriesStore] = web.AppKey("series_store", SeriesStore)
INGEST: web.AppKey[Ingest] = web.AppKey("ingest", Ingest)
_BODIES: web.AppKey[Deadlines] = web.AppKey("bodies", Deadlines)  # how long they may take to arrive

_SWEEP_SECONDS = 600.0
_V2 = "io.prometheus.write.v2.Request"
_V1 = "prometheus.WriteRequest"


def series_context(
    folder: Path,
    registry: CollectorRegistry,
    *,
    series_limits: SeriesLimits | None = None,
    ingest_limits: IngestLimits | None = None,
    free: FreeBytes = free_bytes,
) -> Callable[[web.Application], AsyncIterator[None]]:
    """For `app.cleanup_ctx`: the store in `folder`, `STORE` and `INGEST`, and the sweep of silent series.

    `free` tells the free bytes of the folder's file system.
    """

    async def context(app: web.Application) -> AsyncIterator[None]:
        clock = app[CLOCK]
        store = await asyncio.to_thread(SeriesStore.open, folder, clock, series_limits, free=free)
        metrics = IngestMetrics(registry)
        app[STORE] = store
        limits = ingest_limits or IngestLimits()
        app[INGEST] = Ingest(store, clock, metrics, limits)
        app[_BODIES] = Deadlines(limits.body_seconds)
        sweep = asyncio.create_task(sweep_silent_series(store, clock, metrics))
        try:
            yield
        finally:
            sweep.cancel()
            with suppress(asyncio.CancelledError):
                await sweep
            store.close()

    return context


async def sweep_silent_series(store: SeriesStore, clock: Clock, metrics: IngestMetrics) -> None:
    """Forget series that have been silent for long, every ten minutes, for ever."""
    while True:
        await clock.sleep(_SWEEP_SECONDS)
        try:
            retired = store.retire()
        except StorageError as error:
            log.warning("silent series not retired", error=error)
            continue
        except Exception:
            log.exception("sweep of silent series failed")  # the next one may succeed; ingest goes on
            continue
        if retired:
            metrics.retired.inc(retired)
            log.info("silent series retired", series=retired, left=len(store))


async def write(request: web.Request) -> web.StreamResponse:
    """Take in a push: 204, or 400 when some of its samples were refused; the good ones are kept either way."""
    ingest = request.app[INGEST]
    try:
        response = await _write(request, ingest)
    except (ForewatchError, Problem) as error:
        ingest.metrics.requests.labels(outcome_word(error)).inc()
        raise
    (ingest.metrics.partial if response.status == 400 else ingest.metrics.ok).inc()
    return response


async def _write(request: web.Request, ingest: Ingest) -> web.StreamResponse:
    _require_remote_write(request.headers.get(hdrs.CONTENT_TYPE, ""), request.headers.get(hdrs.CONTENT_ENCODING, ""))
    headers = read_headers(request.headers)
    sender = sender_of(headers, request.get(PRINCIPAL, ANONYMOUS))
    clock = request.app[CLOCK]
    with ingest.pressure.hold() as held:
        body = await read_push(request, ingest.limits, held)
        started = clock.monotonic()
        ingest.metrics.bytes.inc(len(body))
        outcome = await ingest.write(body, headers, sender, clock.now_ms())
        ingest.metrics.seconds.observe(clock.monotonic() - started)
    if outcome.refused:
        left_out = ingest.quiet.due(sender, started)
        if left_out is not None:
            log.warning("samples refused", sender=sender, detail=outcome.explain(), like_it_before=left_out)
        # As Prometheus answers: 400 says that sending this push again is useless, not that it was lost.
        return Problem(400, "Samples refused", outcome.explain()).response(**{WRITTEN: str(outcome.stored)})
    # Of a replay, which was not looked at, the answer does not say how many there are.
    return web.Response(status=204) if outcome.replayed else Stored(outcome.stored)


async def read_push(request: web.Request, limits: IngestLimits, held: Hold) -> bytes:
    """The body, compressed unless the server undid it.

    Only what has arrived is held, so that slow senders cannot keep others out.

    Raises:
        Problem: 413, it is too long; 408, it does not come to an end.
        Overloaded: there is no room for more of it.
    """
    if (request.content_length or 0) > limits.body_bytes:
        raise _too_large(limits)
    content, chunks, size = request.content, [], 0
    try:
        with request.app[_BODIES].begin():
            while not content.at_eof():
                chunk = await content.readany()
                held.add(len(chunk))
                chunks.append(chunk)
                size += len(chunk)
                if size > limits.body_bytes:
                    raise _too_large(limits)
    except TimeoutError as error:
        raise Problem(408, "Request timeout", "the body took too long to arrive") from error
    return b"".join(chunks)


def _too_large(limits: IngestLimits) -> Problem:
    return Problem(413, "Body too large", f"at most {limits.body_bytes} bytes are taken here; send smaller batches")


@functools.lru_cache(maxsize=64)  # senders say the same with every push
def _require_remote_write(content_type: str, encoding: str) -> None:
    """Only version 1.0 in snappy is read.

    Raises:
        InvalidInput: 415, the body is something else.
    """
    kind, *parameters = content_type.split(";")
    if kind.strip().lower() != "application/x-protobuf":
        raise InvalidInput(
            "unsupported_media_type", "send remote write 1.0 as Content-Type: application/x-protobuf", status=415
        )
    message = _parameter(parameters, "proto")
    if message == _V2:
        raise InvalidInput(
            "unsupported_media_type",
            "remote write 2.0 is not supported; set the sender's protobuf message to prometheus.WriteRequest",
            status=415,
        )
    if message not in ("", _V1):
        raise InvalidInput("unsupported_media_type", f"the message must be {_V1}", status=415)
    if encoding.strip().lower() != "snappy":
        raise InvalidInput("unsupported_media_type", "send the body with Content-Encoding: snappy", status=415)


def _parameter(parameters: Sequence[str], name: str) -> str:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"')
    return ""


def sender_of(headers: PushHeaders, principal: Principal) -> str:
    """On whose account the push goes: the credential's, which a header cannot change.

    Raises:
        Problem: 403, an agent's credential names another agent.
    """
    if principal.kind == "agent" and headers.agent and headers.agent != principal.name:
        raise Problem(403, "Forbidden", f"this credential is agent {principal.name}'s; the push names another agent")
    if principal is ANONYMOUS and headers.agent:
        return f"agent:{headers.agent}"
    return f"{principal.kind}:{principal.name}"


def outcome_word(error: ForewatchError | Problem) -> str:
    """A bounded word for the metric."""
    if isinstance(error, InvalidInput):
        return error.reason
    if isinstance(error, Overloaded):
        return "overloaded"
    if isinstance(error, StorageError):
        return "storage"
    return f"http_{error.status}" if isinstance(error, Problem) else "other"


ROUTES = [
    Route(
        "POST",
        "/prometheus/api/v1/write",
        write,
        Permission.METRICS_WRITE,
        "Push samples by Prometheus remote write 1.0",
        status=204,
        max_body_bytes=IngestLimits().body_bytes,
        consumes="application/x-protobuf",
    ),
]
