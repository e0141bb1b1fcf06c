"""The webhook channel against a server that really answers."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from importlib import metadata

import pytest

from core.clock import ManualClock
from core.config import Duration, Secret
from desk.channels.base import ChannelError
from desk.channels.config import WebhookConfig
from desk.channels.webhook import WebhookChannel
from desk.outbox import LONGEST_RETRY_AFTER_SECONDS, Kind
from tests.desk.cast import NOON, closing, delivery
from tests.servers.ports import free_port
from tests.servers.sinks import Answer, HttpSink


def channel(url: str, timeout_seconds: float = 5, **headers: str) -> WebhookChannel:
    config = WebhookConfig(
        name="ops", type="webhook", url=url, timeout=Duration(timeout_seconds),
        headers={name: Secret(value) for name, value in headers.items()},
    )  # fmt: skip
    return WebhookChannel(config, ManualClock())


async def refusal(answer: Answer, timeout_seconds: float = 5) -> ChannelError:
    async with HttpSink() as sink, closing(channel(sink.url, timeout_seconds)) as ops:
        sink.answers.append(answer)
        with pytest.raises(ChannelError) as caught:
            await ops.send(delivery())
    return caught.value


async def test_the_body_is_alertmanagers_with_the_incident_and_its_key() -> None:
    async with HttpSink() as sink, closing(channel(sink.url, Authorization="Bearer s3cret")) as ops:
        await ops.send(delivery())
        await ops.send(delivery(Kind.RESTORED, restored_at=NOON + dt.timedelta(minutes=3)))
    opened, restored = sink.arrivals
    assert opened["headers"]["Idempotency-Key"] == opened["body"]["idempotency_key"]
    assert opened["headers"]["Authorization"] == "Bearer s3cret"
    assert opened["headers"]["User-Agent"] == f"Forewatch/{metadata.version('forewatch')}"
    assert opened["body"]["version"] == "4"
    assert opened["body"]["status"] == opened["body"]["alerts"][0]["status"] == "firing"
    assert opened["body"]["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z"
    assert opened["body"]["incident"]["number"] == "INC-000012"
    assert opened["body"]["incident"]["ci"] == {"id": 1, "code": "SWI-000001", "name": "core-1", "class": "switch"}
    assert restored["body"]["status"] == "resolved"
    assert restored["body"]["alerts"][0]["endsAt"] == "2026-03-02T12:03:00.000Z"
    assert restored["body"]["groupKey"] == opened["body"]["groupKey"]
    assert restored["body"]["idempotency_key"] != opened["body"]["idempotency_key"]


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (400, True),
        (401, True),
        (404, True),
        (410, True),
        (408, False),
        (425, False),
        (429, False),
        (500, False),
        (503, False),
    ],
)
async def test_a_refusal_says_whether_a_retry_may_help(status: int, permanent: bool) -> None:
    error = await refusal(Answer(status, body=b"no\x1b[31m such\nhook"))
    assert error.permanent is permanent
    assert str(error) == f"answered {status}: no [31m such hook"


async def test_retry_after_is_understood() -> None:
    assert (await refusal(Answer(429, {"Retry-After": "17"}))).retry_after_seconds == 17
    assert (await refusal(Answer(429, {"Retry-After": "99999"}))).retry_after_seconds == LONGEST_RETRY_AFTER_SECONDS


async def test_a_redirect_is_not_followed() -> None:
    async with HttpSink() as elsewhere:
        error = await refusal(Answer(307, {"Location": elsewhere.url}))
        assert elsewhere.arrivals == []
    assert error.permanent
    assert "redirects are not followed" in str(error)


async def test_a_slow_receiver_costs_the_timeout_and_no_more() -> None:
    error = await refusal(Answer(delay_seconds=30), timeout_seconds=0.2)
    assert not error.permanent
    assert str(error) == "no answer within 200ms"


async def test_an_unreachable_receiver_is_worth_a_retry() -> None:
    async with closing(channel(f"http://127.0.0.1:{free_port()}/")) as ops:
        with pytest.raises(ChannelError, match="cannot be reached") as caught:
            await ops.send(delivery())
    assert not caught.value.permanent


@pytest.mark.parametrize("status", [200, 500])
async def test_an_endless_answer_is_not_read_to_its_end(status: int) -> None:
    written = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 %d OK\r\nTransfer-Encoding: chunked\r\n\r\n" % status)
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                await writer.drain()
                written += 0x10000
        writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, closing(channel(f"http://127.0.0.1:{port}/")) as ops:
        outcome = await asyncio.gather(ops.send(delivery()), return_exceptions=True)
    assert isinstance(outcome[0], ChannelError) is (status == 500)
    assert written < 32 << 20


@pytest.mark.parametrize("garbage", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 9999999 X\r\n\r\n", b"\x00" * 5000])
async def test_garbage_for_an_answer_is_an_error_worth_a_retry(garbage: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(garbage)
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server, closing(channel(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")) as ops:
        with pytest.raises(ChannelError) as caught:
            await ops.send(delivery())
    assert not caught.value.permanent
