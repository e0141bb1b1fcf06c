"""The answer that is written at once says what the one built by the server says."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from collector.ingest.stored import WRITTEN, Stored
from collector.shell import add_headers


@pytest.fixture
async def server():
    async def quick(_request: web.Request) -> web.StreamResponse:
        return Stored(7)

    async def usual(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=204, headers={WRITTEN: "7"})

    app = web.Application()
    app.on_response_prepare.append(add_headers(secure=True))
    app.router.add_post("/quick", quick)
    app.router.add_post("/usual", usual)
    async with TestServer(app) as server:
        yield server


async def answers(server: TestServer, path: str, *, version: str = "1.1", headers: str = "", times: int = 1) -> bytes:
    """All that the server writes on one connection that the client ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    request = f"POST {path} HTTP/{version}\r\nHost: a\r\nContent-Length: 2\r\n{headers}\r\nhi".encode()
    writer.write(request * times)
    found = b""
    for _ in range(times):
        found += await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.write_eof()
    found += await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return found


def lines(answer: bytes) -> list[bytes]:
    return sorted(line for line in answer.split(b"\r\n") if not line.startswith(b"Date: "))


@pytest.mark.parametrize(
    ("version", "headers"),
    [
        ("1.1", ""),
        ("1.1", "Connection: close\r\n"),  # told that it will be closed
        ("1.0", ""),  # closed by default
        ("1.0", "Connection: keep-alive\r\n"),  # told that it stays open
    ],
)
async def test_it_has_the_lines_of_an_answer_that_is_built(server, version, headers) -> None:
    quick = await answers(server, "/quick", version=version, headers=headers)
    usual = await answers(server, "/usual", version=version, headers=headers)
    assert lines(quick) == lines(usual)
    assert quick.count(b"\r\nDate: ") == 1


async def test_requests_behind_it_on_the_connection_are_answered_too(server) -> None:
    assert (await answers(server, "/quick", times=3)).count(b"HTTP/1.1 204 No Content\r\n") == 3
