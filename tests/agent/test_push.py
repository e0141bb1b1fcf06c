from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from agent.config import CollectorConfig
from agent.http import CollectorClient
from agent.push import Pusher
from core.clock import ManualClock
from core.config import Duration
from core.remote_write_answer import Outcome, Verdict, judge
from core.spool.losses import Drop
from core.spool.spool import Limits, Spool
from tests.agent.collector import FakeCollector
from tests.servers.ports import free_port

NOW = 1_760_000_000_000  # Thu, 09 Oct 2025 08:53:20 GMT


class RecordingClock(ManualClock):
    """Sleeps at once and remembers how long."""

    def __init__(self) -> None:
        super().__init__(NOW)
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.set_wall(self.now_ms() + round(seconds * 1000))
        await asyncio.sleep(0)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool", Limits(max_age_ms=86_400_000, max_bytes=2**26), boot="00000000000000ab")
    yield opened
    opened.close()


@pytest.fixture
async def collector() -> AsyncIterator[FakeCollector]:
    fake = FakeCollector()
    await fake.start()
    yield fake
    await fake.stop()


_clients: list[CollectorClient] = []


@pytest.fixture(autouse=True)
def _close_clients() -> Iterator[None]:
    yield
    while _clients:
        _clients.pop().close()


def pusher_to(url: str, spool: Spool, clock: RecordingClock, timeout: float = 5, **more: object) -> Pusher:
    client = CollectorClient(CollectorConfig(url=url, timeout=Duration(timeout), **more))  # type: ignore[arg-type]
    _clients.append(client)
    return Pusher(spool, client, clock, agent="web-1", random=lambda: 0.5)


@pytest.mark.parametrize(
    ("status", "headers", "expected", "reason"),
    [
        (200, {}, Verdict(Outcome.ACCEPTED), "some stores answer 200"),
        (204, {}, Verdict(Outcome.ACCEPTED), "the collector's answer"),
        (400, {}, Verdict(Outcome.REJECTED), "malformed now, malformed ever"),
        (413, {"retry-after": "5"}, Verdict(Outcome.REJECTED), "it will not become smaller"),
        (422, {}, Verdict(Outcome.REJECTED), "refused samples"),
        (401, {}, Verdict(Outcome.UNAUTHORIZED), "a person mends it"),
        (403, {}, Verdict(Outcome.UNAUTHORIZED), "a person mends it"),
        (429, {"retry-after": "7"}, Verdict(Outcome.THROTTLED, 7), "asked to wait"),
        (503, {"retry-after": "Thu, 09 Oct 2025 08:54:00 GMT"}, Verdict(Outcome.THROTTLED, 40), "until a date"),
        (503, {}, Verdict(Outcome.THROTTLED), "no hint"),
        (500, {}, Verdict(Outcome.FAILED), "its fault"),
        (502, {"retry-after": "3"}, Verdict(Outcome.FAILED, 3), "a proxy that knows"),
        (404, {}, Verdict(Outcome.FAILED), "the wrong address: nothing is lost by waiting"),
        (301, {}, Verdict(Outcome.FAILED), "not followed"),
        (200, {"content-type": "text/html; charset=utf-8"}, Verdict(Outcome.FAILED), "a portal's or a proxy's page"),
        (200, {"content-type": "text/plain"}, Verdict(Outcome.ACCEPTED), "a store that says ok"),
        (400, {"content-type": "Text/HTML"}, Verdict(Outcome.FAILED), "nginx: plain HTTP was sent to its HTTPS port"),
        (413, {"content-type": "text/html"}, Verdict(Outcome.REJECTED), "too large for a proxy is too large for ever"),
    ],
)
def test_answers_are_judged(status: int, headers: dict[str, str], expected: Verdict, reason: str) -> None:
    assert judge(status, headers, NOW) == expected, reason


async def test_a_push_carries_what_the_collector_needs(collector: FakeCollector, spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    pusher = pusher_to(collector.url + "/prefix/", spool, RecordingClock(), token_file=tmp_path / "token")
    spool.append(b"body", 3, NOW - 5)
    await pusher.drain()
    (request,) = collector.received
    assert (request.path, request.body) == ("/prefix/prometheus/api/v1/write", b"body")
    expected = {
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "snappy",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
        "Authorization": "Bearer secret",
        "Forewatch-Agent": "web-1",
        "Forewatch-Boot": "00000000000000ab",
        "Forewatch-Sequence": "1",
        "Forewatch-Sent-At": str(NOW),
    }
    assert request.headers.items() >= expected.items()
    assert request.headers["User-Agent"].startswith("forewatch-agent/")
    assert (pusher.counts.requests, pusher.counts.samples) == ({Outcome.ACCEPTED: 1}, 3)


async def test_a_replaced_token_counts_without_a_restart(
    collector: FakeCollector, spool: Spool, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    pusher = pusher_to(collector.url, spool, RecordingClock(), token_file=token)
    collector.answers = [401]
    collector.on_request = lambda: token.write_text("new")
    spool.append(b"body", 1, NOW)
    await pusher.drain()
    assert [request.headers.get("Authorization") for request in collector.received] == [None, "Bearer new"]


async def test_a_backlog_is_drained_in_order_over_one_connection_without_waiting(
    collector: FakeCollector, spool: Spool
) -> None:
    clock = RecordingClock()
    pusher = pusher_to(collector.url, spool, clock)
    for index in range(200):
        spool.append(b"%d" % index, 1, NOW)
    await pusher.drain()
    assert [request.body for request in collector.received] == [b"%d" % index for index in range(200)]
    assert clock.slept == []
    assert spool.records == 0


async def test_failures_are_tried_again_with_growing_delays_and_order_is_kept(
    collector: FakeCollector, spool: Spool
) -> None:
    collector.answers = [500, 502, 503, 404, 401, 204, 500]
    clock = RecordingClock()
    pusher = pusher_to(collector.url, spool, clock)
    spool.append(b"first", 1, NOW)
    spool.append(b"second", 1, NOW)
    await pusher.drain()
    assert [request.body for request in collector.received] == [b"first"] * 6 + [b"second"] * 2
    assert clock.slept == [0.5, 1, 2, 4, 8, 0.5]  # half of each bound; begun anew after a success
    assert pusher.counts.requests == {
        Outcome.ACCEPTED: 2,
        Outcome.FAILED: 4,
        Outcome.THROTTLED: 1,
        Outcome.UNAUTHORIZED: 1,
    }


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_the_least_and_jitter_comes_on_top(
    collector: FakeCollector, spool: Spool, status: int
) -> None:
    collector.answers = [web.Response(status=status, headers={"Retry-After": "20"})]
    clock = RecordingClock()
    pusher = pusher_to(collector.url, spool, clock)
    spool.append(b"body", 1, NOW)
    await pusher.drain()
    assert clock.slept == [20.5]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_record_that_will_never_be_right_is_dropped_counted_and_logged(
    collector: FakeCollector, spool: Spool, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    collector.answers = [web.Response(status=status, text="label too long\nsecond line")]
    clock = RecordingClock()
    pusher = pusher_to(collector.url, spool, clock)
    spool.append(b"bad", 7, NOW)
    spool.append(b"good", 1, NOW)
    await pusher.drain()
    assert [request.body for request in collector.received] == [b"bad", b"good"]
    assert spool.counts.dropped_samples == {Drop.REJECTED: 7}
    assert clock.slept == []
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.fields["answer"] == "label too long\nsecond line"  # type: ignore[attr-defined]
    assert record.fields["remedy"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("header", "lost", "reason"),
    [("5", 2, "a part was stored"), ("99", 0, "more than was sent"), ("-1", 7, "no number"), ("9" * 99, 7, "hostile")],
)
async def test_what_was_stored_of_a_refused_request_is_not_lost(
    collector: FakeCollector, spool: Spool, header: str, lost: int, reason: str
) -> None:
    headers = {"X-Prometheus-Remote-Write-Samples-Written": header}
    collector.answers = [web.Response(status=400, headers=headers)]
    pusher = pusher_to(collector.url, spool, RecordingClock())
    spool.append(b"body", 7, NOW)
    await pusher.drain()
    assert (spool.counts.dropped_samples[Drop.REJECTED], pusher.counts.samples) == (lost, 7 - lost), reason


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "enrol this agent: forewatch agent enrol --collector URL --token TOKEN --config FILE"),
        (403, "the token is not this agent's: forewatch agent enrol --collector URL --token TOKEN --config FILE"),
        (404, "collector.url leads to no Forewatch collector and no Prometheus-compatible store; correct it"),
    ],
)
async def test_what_a_person_must_mend_is_said_once_with_the_remedy(
    collector: FakeCollector, spool: Spool, caplog: pytest.LogCaptureFixture, status: int, remedy: str
) -> None:
    collector.answers = [status] * 4
    caplog.set_level(logging.INFO)
    pusher = pusher_to(collector.url, spool, RecordingClock())
    spool.append(b"body", 1, NOW)
    await pusher.drain()
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.fields["remedy"] for record in warnings] == [remedy]  # type: ignore[attr-defined]
    assert [record.message for record in caplog.records][-1] == "collector takes samples again"


async def test_a_web_page_is_no_acknowledgement(
    collector: FakeCollector, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    collector.answers = [web.Response(status=200, text="<html>Please log in", content_type="text/html")]
    spool.append(b"body", 1, NOW)
    await pusher_to(collector.url, spool, RecordingClock()).drain()
    assert [request.body for request in collector.received] == [b"body", b"body"]
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "a web page answered" in warning.fields["remedy"]  # type: ignore[attr-defined]


async def test_a_redirect_is_told_with_where_it_leads(
    collector: FakeCollector, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    collector.answers = [web.Response(status=301, headers={"Location": "https://forewatch.example.org/"})]
    spool.append(b"body", 1, NOW)
    await pusher_to(collector.url, spool, RecordingClock()).drain()
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "leads to https://forewatch.example.org/; correct" in warning.fields["remedy"]  # type: ignore[attr-defined]


async def test_refusals_do_not_flood_the_log(
    collector: FakeCollector, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    collector.default = 400
    pusher = pusher_to(collector.url, spool, RecordingClock())
    for _ in range(5):
        spool.append(b"bad", 1, NOW)
    await pusher.drain()
    assert len(collector.received) == 5
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


async def test_a_collector_that_is_down_is_waited_for(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    collector = FakeCollector()
    clock = RecordingClock()
    pusher = pusher_to(f"http://127.0.0.1:{port}", spool, clock)
    spool.append(b"body", 1, NOW)
    draining = asyncio.create_task(pusher.drain())
    while len(clock.slept) < 3:
        await asyncio.sleep(0.005)
    assert pusher.counts.requests[Outcome.UNREACHABLE] >= 3
    assert "refused" in {getattr(record, "fields", {}).get("cause") for record in caplog.records}
    await collector.start_at(port)
    await draining
    assert [request.body for request in collector.received] == [b"body"]
    await collector.stop()


async def test_a_collector_that_hangs_is_given_up_and_asked_again(collector: FakeCollector, spool: Spool) -> None:
    collector.answers = [None]
    pusher = pusher_to(collector.url, spool, RecordingClock(), timeout=0.05)
    spool.append(b"body", 1, NOW)
    await pusher.drain()
    assert len(collector.received) == 2
    assert pusher.counts.requests == {Outcome.UNREACHABLE: 1, Outcome.ACCEPTED: 1}


async def test_a_kept_connection_that_the_collector_closed_is_opened_anew_at_once(
    collector: FakeCollector, spool: Spool
) -> None:
    clock = RecordingClock()
    pusher = pusher_to(collector.url, spool, clock)
    spool.append(b"one", 1, NOW)
    await pusher.drain()
    assert collector.server is not None
    for connection in list(collector.server.runner.server.connections):
        connection.force_close()
    await asyncio.sleep(0.01)
    spool.append(b"two", 1, NOW)
    await pusher.drain()
    assert [request.body for request in collector.received] == [b"one", b"two"]
    assert clock.slept == []


async def test_the_disk_is_synced_while_the_collector_is_away(
    collector: FakeCollector, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []

    async def sync() -> None:
        synced.append(True)

    monkeypatch.setattr(spool, "sync", sync)
    collector.answers = [503]
    spool.append(b"body", 1, NOW)
    await pusher_to(collector.url, spool, RecordingClock()).drain()
    assert synced == [True]


async def test_cancelling_leaves_the_record_in_flight_in_the_spool(collector: FakeCollector, spool: Spool) -> None:
    collector.answers = [None]
    pusher = pusher_to(collector.url, spool, RecordingClock())
    spool.append(b"body", 1, NOW)
    running = asyncio.create_task(pusher.run())
    while not collector.received:
        await asyncio.sleep(0.005)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert spool.records == 1


async def test_a_new_record_wakes_the_pusher(collector: FakeCollector, spool: Spool) -> None:
    pusher = pusher_to(collector.url, spool, RecordingClock())
    running = asyncio.create_task(pusher.run())
    await asyncio.sleep(0)
    spool.append(b"body", 1, NOW)
    pusher.notify()
    while spool.records:
        await asyncio.sleep(0.005)
    running.cancel()
    assert [request.body for request in collector.received] == [b"body"]


async def test_finishing_lets_the_request_in_flight_end_and_sends_what_is_left_once(
    collector: FakeCollector, spool: Spool
) -> None:
    pusher = pusher_to(collector.url, spool, RecordingClock())
    collector.on_request = pusher.finish
    for body in (b"one", b"two", b"three"):
        spool.append(body, 1, NOW)
    await asyncio.wait_for(pusher.run(), 5)
    assert [request.body for request in collector.received] == [b"one", b"two", b"three"]


async def test_finishing_does_not_wait_for_a_collector_that_is_away(collector: FakeCollector, spool: Spool) -> None:
    collector.default = 503
    clock = ManualClock(NOW)
    client = CollectorClient(CollectorConfig(url=collector.url))
    _clients.append(client)
    pusher = Pusher(spool, client, clock, agent="web-1")
    spool.append(b"body", 1, NOW)
    running = asyncio.create_task(pusher.run())
    while not pusher.counts.requests:
        await asyncio.sleep(0.005)
    pusher.finish()  # it waits for a clock that stands still
    await asyncio.wait_for(running, 5)
    assert spool.records == 1
