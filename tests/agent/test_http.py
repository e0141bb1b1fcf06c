from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from agent.config import CollectorConfig
from agent.http import Answer, CollectorClient, Unreachable
from core.config import Duration, Secret
from tests.servers.ports import free_port

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
FINE = b"HTTP/1.1 204 No Content\r\n\r\n"


@contextlib.asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    """A server that speaks whatever `handler` does; gives its URL."""

    over = asyncio.Event()
    handling: list[asyncio.Task[None]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        speaking = [asyncio.ensure_future(handler(reader, writer)), asyncio.ensure_future(over.wait())]
        await asyncio.wait(speaking, return_when=asyncio.FIRST_COMPLETED)
        for task in speaking:
            task.cancel()
        await asyncio.gather(*speaking, return_exceptions=True)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handling.append(asyncio.ensure_future(handle(reader, writer)))

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        await listening.wait_closed()
        for _ in range(10):
            await asyncio.sleep(0)  # what was accepted at the last moment arrives
        over.set()
        await asyncio.gather(*handling)


def answering(*chunks: bytes, every: float = 0) -> Handler:
    """Reads a request, sends the chunks."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(every)

    return handle


async def post(url: str, *, timeout: float = 5, **more: object) -> Answer:
    client = CollectorClient(CollectorConfig(url=url, timeout=Duration(timeout), **more))  # type: ignore[arg-type]
    try:
        return await client.post("/path", b"", {})
    finally:
        client.close()


async def threads_end() -> None:
    for _ in range(200):
        if not any(thread.name == "collector" for thread in threading.enumerate()):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("a thread of the client lives on")


@pytest.mark.parametrize(
    ("handler", "reason", "why"),
    [
        (answering(b""), "network", "closed without a word"),
        (answering(b"SSH-2.0-OpenSSH_9\r\n"), "protocol", "another protocol"),
        (answering(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"), "protocol", "200 headers"),
        (answering(b"HTTP/1.1 200 " + b"x" * 100_000), "protocol", "an endless line"),
        (answering(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 500, every=0.01), "timeout", "always about to answer"),
        (answering(b"HTTP/1.1 200 OK\r\n", *[b"A: b\r\n"] * 90, every=0.05), "timeout", "a header now and then"),
        (answering(b"HTTP/1.0 200 OK\r\n\r\n", *[b"x"] * 500, every=0.05), "timeout", "a byte now and then"),
    ],
)
async def test_a_server_that_does_not_answer_properly(handler: Handler, reason: str, why: str) -> None:
    async with server(handler) as url:
        with pytest.raises(Unreachable) as raised:
            await post(url, timeout=0.3)
        assert raised.value.reason == reason, why
        await threads_end()


async def test_an_endless_body_is_read_up_to_64_kib_and_the_connection_not_used_again() -> None:
    connections = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 10000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x" * 10_000)
            await writer.drain()

    async with server(endless) as url:
        client = CollectorClient(CollectorConfig(url=url))
        for _ in range(2):
            answer = await client.post("/path", b"", {})
            assert (answer.status, len(answer.body)) == (500, 64 * 1024)
        client.close()
        assert connections == 2


async def test_a_name_that_does_not_resolve() -> None:
    with pytest.raises(Unreachable) as raised:
        await post("http://no-such-host.invalid:9470")
    assert raised.value.reason == "dns"


async def test_a_token_that_cannot_be_read_is_no_silent_anonymity(tmp_path: Path) -> None:
    (tmp_path / "token").mkdir()
    with pytest.raises(Unreachable, match=r"token cannot be read: .*Is a directory"):
        await post(f"http://127.0.0.1:{free_port()}", token_file=tmp_path / "token")


async def test_a_token_that_would_add_a_header_is_not_sent() -> None:
    async with server(answering(FINE)) as url:
        with pytest.raises(Unreachable) as raised:
            await post(url, token=Secret("abc\r\nX-Other: 1"))
    assert raised.value.reason == "protocol"


async def test_a_file_that_holds_no_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(Unreachable, match=r"ca\.pem holds no certificates that can be used"):
        await post("https://127.0.0.1:1", ca_file=tmp_path / "ca.pem")


async def test_https_to_a_server_without_it() -> None:
    async with server(answering(FINE)) as url:
        with pytest.raises(Unreachable) as raised:
            await post(url.replace("http:", "https:"), timeout=1)
    assert raised.value.reason in ("tls", "timeout")


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    async with server(answering(FINE)) as url:
        assert (await post(url)).status == 204


async def test_a_redirect_is_an_answer_not_an_errand() -> None:
    async with server(answering(b"HTTP/1.1 302 Found\r\nLocation: http://other/\r\nContent-Length: 0\r\n\r\n")) as url:
        assert (await post(url)).status == 302


async def test_cancelling_ends_the_thread() -> None:
    async with server(answering(b"", every=60)) as url:
        asking = asyncio.create_task(post(url))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await threads_end()
