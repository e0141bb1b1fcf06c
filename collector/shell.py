"""What every request and answer passes besides access: time limit, measuring, headers that keep browsers safe."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from collector.access.middleware import ROUTE_TABLE
from collector.deadlines import Deadlines
from collector.metrics import HttpMetrics
from core.http import Problem

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# The console loads nothing from elsewhere, runs no inline script and is shown in nobody's frame.
_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

SECURITY_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def measuring(metrics: HttpMetrics) -> Middleware:
    """Counts and times every request, refused ones too."""

    @web.middleware
    async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
        loop = asyncio.get_running_loop()
        began, code = loop.time(), 500
        try:
            response = await handler(request)
        except web.HTTPException as error:
            code = error.status
            raise
        else:
            code = response.status
            return response
        finally:
            method = request.method if request.method in _METHODS else "other"
            known = request.app[ROUTE_TABLE].get(request.match_info.route)
            route = "unmatched" if known is None else known.path
            metrics.count(method, route, code, loop.time() - began)

    return measure


def time_limit(seconds: float, metrics: HttpMetrics) -> Middleware:
    """Gives up a request whose body and answer take too long, so that slow clients hold nothing for ever."""
    deadlines = Deadlines(seconds)

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        deadline = deadlines.begin()
        try:
            with deadline:
                return await handler(request)
        except TimeoutError as error:
            if not deadline.expired:
                raise
            metrics.timeouts.inc()
            raise Problem(408, "Request timeout", f"the request was not done within {seconds:g} s") from error

    return limit


@web.middleware
async def refuse_nul(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No name, filter or query has a NUL character, and PostgreSQL takes none."""
    if "%00" in request.raw_path:
        raise Problem(400, "Bad request", "the URL has a NUL character (%00)")
    return await handler(request)


def add_headers(*, secure: bool) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """A signal handler that sets what every answer carries; `secure` under https."""
    always = SECURITY_HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if secure else {})

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.popall(hdrs.SERVER, None)
        for name, value in always.items():
            response.headers.setdefault(name, value)
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        if response.status == 401:
            response.headers.setdefault(hdrs.WWW_AUTHENTICATE, 'Bearer realm="forewatch"')

    return prepare
