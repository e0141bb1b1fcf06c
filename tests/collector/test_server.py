"""The server under the application, over raw sockets: limits, slow and broken clients, TLS."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from collector.config import Limits, Tls
from collector.metrics import HttpMetrics
from collector.server import MAX_FIELD_BYTES, MAX_HEADERS, MAX_LINE_BYTES, Runner, tls_context
from core.config import Duration
from core.errors import ConfigError
from tests.servers.require import require_program

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Served:
    """A server with one route, and its metrics."""

    def __init__(self, port: int, registry: CollectorRegistry) -> None:
        self.port = port
        self._registry = registry

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, request: bytes) -> bytes:
        """All that the server answers until it closes the connection."""
        reader, writer = await self.connect()
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer

    def metric(self, name: str) -> float | None:
        return self._registry.get_sample_value(f"forewatch_http_{name}")


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[Served]]]:
    runners: list[Runner] = []

    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def start(limits: Limits | None = None, tls: Tls | None = None) -> Served:
        registry = CollectorRegistry()
        app = web.Application()
        app.router.add_get("/{path:.*}", hello)
        runner = Runner(app, limits or Limits(), HttpMetrics(registry))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls_context(tls))
        await site.start()
        runners.append(runner)
        return Served(runner.addresses[0][1], registry)

    yield start
    for runner in runners:
        await runner.cleanup()


GOOD = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "why"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50 + b"\r\n\r\n", "TLS on a plain port"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "another protocol"),
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", "a version that is none"),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", "a header without a colon"),
        (b"GET / HTTP/1.1\r\nA: b\r\nContent-Length: -1\r\n\r\n", "a negative length"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "request smuggling"),
        (GOOD + b"X: " + b"y" * (MAX_FIELD_BYTES + 10) + b"\r\n\r\n", "a header that is too long"),
        (b"GET /" + b"x" * (MAX_LINE_BYTES + 10) + b" HTTP/1.1\r\n\r\n", "a line that is too long"),
        (GOOD + b"".join(b"X%d: y\r\n" % n for n in range(MAX_HEADERS + 10)) + b"\r\n", "too many headers"),
    ],
)
async def test_what_is_no_good_http_is_answered_400_counted_and_told_nothing(
    serve: Callable[..., Awaitable[Served]], request_bytes: bytes, why: str
) -> None:
    served = await serve()
    answer = await served.ask(request_bytes)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400")), why
    assert b"aiohttp" not in answer
    assert b"Python" not in answer
    assert served.metric("malformed_requests_total") == 1
    assert (await served.ask(GOOD + b"\r\n")).endswith(b"hello")


@pytest.mark.parametrize("coding", [b"br", b"zstd"])
async def test_a_body_packed_in_a_way_that_is_not_known_is_told_what_is(
    serve: Callable[..., Awaitable[Served]], coding: bytes
) -> None:
    served = await serve()
    answer = await served.ask(GOOD + b"Content-Encoding: %b\r\nContent-Length: 4\r\n\r\nnone" % coding)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 415 " in head.splitlines()[0]
    assert b"Content-Type: application/problem+json" in head
    assert json.loads(body)["detail"].endswith("send it with gzip, or with none")
    assert served.metric("malformed_requests_total") == 1


async def test_a_broken_body_that_nobody_asked_for_is_counted_and_leaves_no_traceback(
    serve: Callable[..., Awaitable[Served]], caplog: pytest.LogCaptureFixture
) -> None:
    served = await serve()
    body = b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone"
    assert (await served.ask(GOOD + body)).endswith(b"hello")
    assert served.metric("malformed_requests_total") == 1
    assert [record for record in caplog.records if record.exc_info] == []


async def test_connections_beyond_the_limit_are_closed_and_counted(serve: Callable[..., Awaitable[Served]]) -> None:
    served = await serve(Limits(connections=2))
    held = [await served.connect() for _ in range(2)]
    await asyncio.sleep(0.05)
    assert await served.ask(GOOD + b"\r\n") == b""
    assert served.metric("connections_refused_total") == 1
    for _, writer in held:
        writer.close()
        await writer.wait_closed()
    for _ in range(100):
        if served.metric("connections") == 0:
            break
        await asyncio.sleep(0.01)
    assert (await served.ask(GOOD + b"\r\n")).endswith(b"hello")


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: "], ids=["nothing", "half a header"])
async def test_a_client_that_says_nothing_loses_its_connection(
    serve: Callable[..., Awaitable[Served]], sent: bytes
) -> None:
    served = await serve(Limits(idle_timeout=Duration(0.2)))
    reader, writer = await served.connect()
    writer.write(sent)
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    openssl = require_program("openssl", "openssl")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return Tls(cert=cert, key=key)


async def test_https_is_spoken_with_the_configured_certificate(
    serve: Callable[..., Awaitable[Served]], certificate: Tls
) -> None:
    served = await serve(tls=certificate)
    context = ssl.create_default_context(cafile=str(certificate.cert))
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port, ssl=context)
    writer.write(GOOD + b"\r\n")
    assert (await asyncio.wait_for(reader.read(), 10)).endswith(b"hello")
    assert writer.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")
    writer.close()


def test_old_tls_is_refused(certificate: Tls) -> None:
    context = tls_context(certificate)
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert tls_context(None) is None


def test_a_certificate_that_cannot_be_used_is_named(certificate: Tls, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing.pem: cannot be read: No such file"):
        tls_context(Tls(cert=tmp_path / "missing.pem", key=certificate.key))
    with pytest.raises(ConfigError, match=r"cert.pem: does not go with"):
        tls_context(Tls(cert=certificate.cert, key=certificate.cert))
