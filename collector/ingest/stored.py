"""The answer to a push that is stored: 204, the most frequent answer of all, written without building it anew."""

from __future__ import annotations

import weakref

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time  # the date of every other answer; kept for a second

WRITTEN = "X-Prometheus-Remote-Write-Samples-Written"

# What every such answer of an application begins with.
_HEADS: weakref.WeakKeyDictionary[web.Application, bytes] = weakref.WeakKeyDictionary()


class Stored(web.StreamResponse):
    """204 and how many samples are stored.

    What the application's signals put into one such answer they put into all, so it is kept as bytes; a client that
    does not keep its connection is answered in the usual way.
    """

    _length_check = False

    def __init__(self, samples: int) -> None:
        super().__init__(status=204, headers={WRITTEN: str(samples)})
        self._samples = samples
        self._written = False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write all of the answer.

        Raises:
            ConnectionResetError: the client is gone.
        """
        plain = request.version == HttpVersion11 and request.keep_alive and self.keep_alive is None
        if not plain or not isinstance(request, web.Request):
            return await super().prepare(request)
        head = _HEADS.get(request.app)
        if head is None:
            head = _HEADS[request.app] = await _head(request)
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client closed its connection before the answer")
        self._keep_alive = self._written = True
        transport.write(b"%s%d\r\nDate: %s\r\n\r\n" % (head, self._samples, rfc822_formatted_time().encode()))
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        if not self._written:
            await super().write_eof(data)


async def _head(request: web.Request) -> bytes:
    """Status line and headers, up to the number of samples."""
    model = web.Response(status=204)
    await request.app.on_response_prepare.send(request, model)
    model.headers.popall(hdrs.CONTENT_TYPE, None)
    lines = [f"{name}: {value}\r\n" for name, value in model.headers.items()]
    return f"HTTP/1.1 204 No Content\r\n{''.join(lines)}{WRITTEN}: ".encode()
