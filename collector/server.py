"""The HTTP server under the application: connection limit, slow clients, no banner.

aiohttp gives each connection a handler. Ours refuses those beyond the limit, and answers what is not even
HTTP without naming the software. A client that dribbles its header loses the connection at
`limits.idle_timeout`, one that dribbles its body at `limits.request_timeout` (`collector.shell`).
"""

from __future__ import annotations

import asyncio
import ssl
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web
from aiohttp.http_exceptions import ContentEncodingError
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from aiohttp.web_server import Server

from collector.config import Limits, Tls
from collector.metrics import HttpMetrics
from core.errors import ConfigError, Fault
from core.http import Problem
from core.log import get_logger

log = get_logger(__name__)

MAX_LINE_BYTES = 16 << 10  # Grafana puts whole queries into GET
MAX_FIELD_BYTES = 8190
MAX_HEADERS = 100


class _Connection(RequestHandler):
    """One client's connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if isinstance(self._manager, _Server) and self._manager.is_full():
            self._manager.metrics.connections_refused.inc()
            self.force_close()

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """A body that turns out broken after its request was answered is its sender's doing, as in `handle_error`."""
        if isinstance(kw.get("exc_info"), web.RequestPayloadError) and isinstance(self._manager, _Server):
            self._manager.metrics.malformed.inc()
            return
        super().log_exception(*args, **kw)

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer to what is no HTTP; strangers' garbage is counted, not logged with a traceback each."""
        if status != HTTPStatus.BAD_REQUEST or not isinstance(self._manager, _Server):
            response = super().handle_error(request, status, exc, message)
        elif request.writer.output_size > 0:
            raise ConnectionError("the connection broke in the middle of an answer")
        else:
            self._manager.metrics.malformed.inc()
            log.debug("malformed request", address=request.remote, error=type(exc).__name__)
            response = _unreadable(exc)
            response.force_close()
        response.headers[hdrs.SERVER] = "forewatch"
        return response


def _unreadable(error: BaseException | None) -> web.Response:
    """The answer to what never became a request: a body packed in a way that is not known here, or no HTTP at all."""
    if isinstance(error, ContentEncodingError):
        detail = "the body cannot be unpacked as its Content-Encoding says; send it with gzip, or with none"
        return Problem(415, "Unsupported media type", detail).response()
    return web.Response(status=400, text="malformed HTTP request\n")


class _Server(Server):
    """Makes connections and counts them."""

    def __init__(self, inner: Server, limit: int, metrics: HttpMetrics, options: dict[str, Any]) -> None:
        super().__init__(inner.request_handler, request_factory=inner.request_factory, **options)
        self._limit = limit
        self._options = options
        self.metrics = metrics

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._options)

    def is_full(self) -> bool:
        return len(self._connections) > self._limit

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self.metrics.connections.set(len(self._connections))

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self.metrics.connections.set(len(self._connections))


class Runner(web.AppRunner):
    """Runs an application under the limits of the configuration."""

    def __init__(self, app: web.Application, limits: Limits, metrics: HttpMetrics) -> None:
        super().__init__(app, handle_signals=False, access_log=None, shutdown_timeout=10)
        self._limits = limits
        self._metrics = metrics

    async def _make_server(self) -> Server:
        inner = await super()._make_server()
        options = {
            "access_log": None,
            "keepalive_timeout": float(self._limits.idle_timeout),
            "max_line_size": MAX_LINE_BYTES,
            "max_field_size": MAX_FIELD_BYTES,
            "max_headers": MAX_HEADERS,
            "lingering_time": 5.0,
        }
        return _Server(inner, self._limits.connections, self._metrics, options)


def tls_context(tls: Tls | None) -> ssl.SSLContext | None:
    """TLS 1.2 or newer with the configured certificate; None for plain HTTP.

    Raises:
        ConfigError: certificate or key cannot be used.
    """
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for file in (tls.cert, tls.key):
        try:
            file.read_bytes()
        except OSError as error:
            raise ConfigError([Fault(str(file), 0, f"cannot be read: {error.strerror}")]) from error
    try:
        context.load_cert_chain(tls.cert, tls.key)
    except ssl.SSLError as error:
        raise ConfigError([Fault(str(tls.cert), 0, f"does not go with {tls.key}: {error.reason}")]) from error
    return context
