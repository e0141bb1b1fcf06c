from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.config import CollectorConfig
from agent.exchange import Exchange
from agent.http import Answer, CollectorClient, Unreachable
from core.config import Duration, Secret
from tests.servers.ports import free_port

Handler = Callable[["Wire"], None]
FINE = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "said", "why"),
    [
        (b'{"title":"Unauthorized","status":401,"detail":"not known"}', "not known", "a problem says what is wrong"),
        (b'{"title":"Unauthorized","status":401}', "Unauthorized", "or at least its title"),
        (b'{"detail":5}', '{"detail":5}', "no problem, though it has the word"),
        (b"[" * 5000, "[" * 500, "no JSON at all"),
        (b"<html>\xff ", "<html>\ufffd", "a web page, not even UTF-8"),
        (b'{"detail":"' + b"x" * 900 + b'"}', "x" * 500, "a long one is cut"),
        (b"", "", "nothing"),
    ],
)
def test_an_answer_is_told_by_what_it_says(body: bytes, said: str, why: str) -> None:
    assert Answer(401, {}, body).excerpt() == said, why


class Wire:
    """One accepted connection, served on a thread."""

    def __init__(self, accepted: socket.socket) -> None:
        self.socket = accepted
        self.over = threading.Event()

    def read_request(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (more := self.socket.recv(65536)):
            head += more

    def send(self, data: bytes, then_wait: float = 0) -> None:
        self.socket.sendall(data)
        self.over.wait(then_wait)

    def end(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def server(handler: Handler) -> Iterator[str]:
    """A server that speaks whatever `handler` does; gives its URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    wires: list[Wire] = []
    threads: list[threading.Thread] = []

    def serve(wire: Wire) -> None:
        with wire.socket, contextlib.suppress(OSError):
            handler(wire)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                wires.append(Wire(listening.accept()[0]))
                threads.append(threading.Thread(target=serve, args=(wires[-1],)))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        accepting.join()
        listening.close()
        for wire in wires:
            wire.end()
        for thread in threads:
            thread.join()


def answering(*chunks: bytes, every: float = 0) -> Handler:
    """Reads a request, sends the chunks."""

    def handle(wire: Wire) -> None:
        wire.read_request()
        for chunk in chunks:
            if wire.over.is_set():
                return
            wire.send(chunk, every)

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
    with server(handler) as url:
        with pytest.raises(Unreachable) as raised:
            await post(url, timeout=0.3)
        assert raised.value.reason == reason, why
        await threads_end()


async def test_an_endless_body_is_read_up_to_64_kib_and_the_connection_not_used_again() -> None:
    connections: list[Wire] = []

    def endless(wire: Wire) -> None:
        connections.append(wire)
        wire.read_request()
        wire.send(b"HTTP/1.1 500 No\r\nContent-Length: 10000000\r\n\r\n")
        while True:
            wire.send(b"x" * 10_000)

    with server(endless) as url:
        client = CollectorClient(CollectorConfig(url=url))
        for _ in range(2):
            answer = await client.post("/path", b"", {})
            assert (answer.status, len(answer.body)) == (500, 64 * 1024)
        client.close()
    assert len(connections) == 2


async def test_a_name_that_does_not_resolve() -> None:
    with pytest.raises(Unreachable) as raised:
        await post("http://no-such-host.invalid:9470")
    assert raised.value.reason == "dns"


async def test_a_token_that_cannot_be_read_is_no_silent_anonymity(tmp_path: Path) -> None:
    (tmp_path / "token").mkdir()
    with pytest.raises(Unreachable, match=r"token cannot be read: .*Is a directory"):
        await post(f"http://127.0.0.1:{free_port()}", token_file=tmp_path / "token")


@pytest.mark.parametrize("token", ["abc\r\nX-Other: 1", "abc\nabc", "密码abc", "abc def"])
async def test_what_cannot_be_a_token_is_neither_sent_nor_told(token: str) -> None:
    with server(answering(FINE)) as url, pytest.raises(Unreachable) as raised:
        await post(url, token=Secret(token))
    assert raised.value.reason == "token"
    assert "abc" not in str(raised.value)


async def test_a_machine_without_threads_is_no_end_of_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with server(answering(FINE)) as url:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            with pytest.raises(Unreachable, match="can't start new thread"):
                await post(url)
        assert (await post(url)).status == 204


async def test_a_file_that_holds_no_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(Unreachable, match=r"ca\.pem holds no certificates that can be used"):
        await post("https://127.0.0.1:1", ca_file=tmp_path / "ca.pem")


async def test_https_to_a_server_without_it() -> None:
    with server(answering(FINE)) as url, pytest.raises(Unreachable) as raised:
        await post(url.replace("http:", "https:"), timeout=1)
    assert raised.value.reason in ("tls", "timeout")


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with server(answering(FINE)) as url:
        assert (await post(url)).status == 204


async def test_a_redirect_is_an_answer_not_an_errand() -> None:
    with server(answering(b"HTTP/1.1 302 Found\r\nLocation: http://other/\r\nContent-Length: 0\r\n\r\n")) as url:
        assert (await post(url)).status == 302


async def test_cancelling_ends_the_thread() -> None:
    with server(answering(b"", every=60)) as url:
        asking = asyncio.create_task(post(url))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await threads_end()


async def test_a_connection_is_closed_when_its_answer_comes_with_the_cancellation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connections: list[http.client.HTTPConnection] = []
    connect, run, answered = CollectorClient._connect, Exchange.run, threading.Event()

    def remember(client: CollectorClient) -> http.client.HTTPConnection:
        connections.append(connect(client))
        return connections[-1]

    def tell(exchange: Exchange) -> Answer:
        answer = run(exchange)
        answered.set()
        return answer

    monkeypatch.setattr(CollectorClient, "_connect", remember)
    monkeypatch.setattr(Exchange, "run", tell)
    with server(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) as url:
        asking = asyncio.create_task(post(url))
        await asyncio.sleep(0)
        assert answered.wait(5)  # before the event loop hears of it
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await threads_end()
    (connection,) = connections
    assert connection.sock is None
