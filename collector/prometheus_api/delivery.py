"""How answers travel: compressed for who asks for it, and readable by a page of another origin.

Such a page reads with a token that it sends itself: what any origin (`*`) may read, browsers ask for without cookies.
"""

from __future__ import annotations

import asyncio
import zlib

from aiohttp import hdrs, web

CORS = {
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST, OPTIONS",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Accept, Authorization, Content-Type, Origin",
    hdrs.ACCESS_CONTROL_EXPOSE_HEADERS: "Date",
    hdrs.VARY: "Origin",
}

_SMALL = 1 << 10  # not worth compressing
_AT_ONCE = 1 << 16  # what is larger is compressed in a thread
_LEVEL = 1  # JSON of numbers shrinks to a fifth; more effort gains little
_GZIP = zlib.MAX_WBITS | 16


async def finish(request: web.Request, response: web.Response) -> web.Response:
    """The response with the headers of every answer, compressed where that is wanted."""
    response.headers.update(CORS)
    body = response.body
    if isinstance(body, bytes) and len(body) > _SMALL and accepts_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
        response.body = _compress(body) if len(body) <= _AT_ONCE else await asyncio.to_thread(_compress, body)
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"
        response.headers[hdrs.VARY] = "Accept-Encoding, Origin"
    return response


def accepts_gzip(header: str) -> bool:
    """Whether `Accept-Encoding` (RFC 9110, section 12.5.3) takes gzip."""
    weights: dict[str, bool] = {}
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        weights[coding.strip()] = weight.replace(" ", "").rstrip("0.") != "q="
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


async def preflight(_request: web.Request) -> web.Response:
    """What a browser asks before a page of another origin may ask: which methods and headers it may use."""
    return web.Response(status=204, headers=CORS)


def _compress(body: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
    return packer.compress(body) + packer.flush()
