"""A collector on loopback that answers as it is told and remembers what it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FakeCollector:
    """Gives `answers` one by one, then `default`; an answer may be a status, a response, or None to hang."""

    answers: list[int | web.Response | None] = field(default_factory=list)
    default: int = 204
    received: list[Received] = field(default_factory=list)
    server: TestServer | None = None
    on_request: Callable[[], None] | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return str(self.server.make_url("/")).rstrip("/")

    async def start(self) -> None:
        await self.start_at(0)

    async def start_at(self, port: int) -> None:
        app = web.Application(client_max_size=2**25)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self.server = TestServer(app, host="127.0.0.1", port=port)
        await self.server.start_server(shutdown_timeout=0.1)

    async def stop(self) -> None:
        assert self.server is not None
        await self.server.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.received.append(Received(request.path, dict(request.headers), await request.read()))
        if self.on_request is not None:
            self.on_request()
        answer = self.answers.pop(0) if self.answers else self.default
        if answer is None:
            await asyncio.sleep(3600)
        return answer if isinstance(answer, web.Response) else web.Response(status=answer or 204)
