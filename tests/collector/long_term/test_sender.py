from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import cramjam
import numpy as np
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from collector.ingest.wire import parse_time_series, parse_write_request
from collector.long_term.config import LongTermConfig
from collector.long_term.forwarder import Forwarder
from collector.long_term.http import Answer, StoreClient
from collector.long_term.metrics import LongTermMetrics
from collector.long_term.sender import MOST_SAMPLES, Sender, fitting, verdict_of
from core.clock import ManualClock
from core.config import Duration, Secret
from core.labels import labels
from core.remote_write import compress, encode_labels
from core.remote_write_answer import Outcome
from core.spool.losses import Drop
from core.spool.records import Record
from tests.agent.collector import FakeCollector

KEY = encode_labels(labels(__name__="x"))


class InstantClock(ManualClock):
    """Sleeps at once and remembers how long."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock()


@pytest.fixture
async def sender(receiver: FakeCollector, forwarder: Forwarder, clock: InstantClock) -> AsyncIterator[Sender]:
    config = LongTermConfig(write_url=receiver.url + "/w", token=Secret("t"), timeout=Duration(1))
    client = StoreClient(config)
    metrics = LongTermMetrics(CollectorRegistry(), clock)
    yield Sender(forwarder, client, clock, metrics, url=str(config.write_url), timeout_seconds=1, random=lambda: 0.5)
    await client.close()


def give(forwarder: Forwarder, *times: int) -> None:
    """One record a time."""
    for at_ms in times:
        forwarder.some([KEY], np.array([at_ms]), np.array([float(at_ms)]))


def sent(receiver: FakeCollector) -> list[list[int]]:
    """The times of the samples of each request."""
    found = []
    for request in receiver.received:
        series = parse_write_request(bytes(cramjam.snappy.decompress_raw(request.body))).timeseries
        found.append([sample.timestamp for one in series for sample in parse_time_series(one).samples])
    return found


async def test_neighbours_travel_together_in_order(
    sender: Sender, forwarder: Forwarder, receiver: FakeCollector
) -> None:
    give(forwarder, *range(30))
    await sender.drain()
    assert sent(receiver) == [list(range(30))]
    headers = receiver.received[0].headers
    assert headers["Authorization"] == "Bearer t"
    assert headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"
    assert forwarder.state()[1] == 0


async def test_a_single_record_goes_as_it_came(sender: Sender, forwarder: Forwarder, receiver: FakeCollector) -> None:
    forwarder.whole(b"\x00 as it came", 1)
    await sender.drain()
    assert [request.body for request in receiver.received] == [b"\x00 as it came"]


@pytest.mark.parametrize("status", [500, 502, 503, 429, 401, 403, 404, 408])
async def test_what_time_or_a_person_may_mend_is_sent_again(
    sender: Sender, forwarder: Forwarder, receiver: FakeCollector, clock: InstantClock, status: int
) -> None:
    receiver.answers = [status, status, status]
    give(forwarder, 1, 2)
    await sender.drain()
    assert sent(receiver) == [[1, 2]] * 4
    assert clock.slept == [0.5, 1.0, 2.0], "full jitter below a bound that doubles"
    assert not forwarder.counts.dropped_samples


async def test_retry_after_is_heeded(
    sender: Sender, forwarder: Forwarder, receiver: FakeCollector, clock: InstantClock
) -> None:
    receiver.answers = [web.Response(status=429, headers={"Retry-After": "17"})]
    give(forwarder, 1)
    await sender.drain()
    assert clock.slept == [17.5]


async def test_a_refused_request_is_sent_record_by_record_and_costs_only_the_bad_ones(
    sender: Sender, forwarder: Forwarder, receiver: FakeCollector, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [400, 204, web.Response(status=400, text="out of order\nsample"), 204]
    give(forwarder, 1, 2, 3)
    with caplog.at_level(logging.WARNING):
        await sender.drain()
    assert sent(receiver) == [[1, 2, 3], [1], [2], [3]]
    assert forwarder.counts.dropped_samples == {Drop.REJECTED: 1}
    [record] = caplog.records
    assert record.fields["answer"] == "out of order sample"  # type: ignore[attr-defined]
    give(forwarder, 4, 5)
    await sender.drain()
    assert sent(receiver)[-1] == [4, 5], "together again"


async def test_a_store_that_says_how_much_it_kept_is_believed(
    sender: Sender, forwarder: Forwarder, receiver: FakeCollector
) -> None:
    headers = {"X-Prometheus-Remote-Write-Samples-Written": "1"}
    receiver.answers = [web.Response(status=400, headers=headers)]
    forwarder.some([KEY, KEY], np.array([1, 2]), np.zeros(2))
    await sender.drain()
    assert forwarder.counts.dropped_samples == {Drop.REJECTED: 1}


async def test_a_store_that_is_away_loses_nothing(
    sender: Sender, forwarder: Forwarder, receiver: FakeCollector, clock: InstantClock
) -> None:
    receiver.answers = [None]  # hangs; the time-out ends it
    give(forwarder, 1)
    await sender.drain()
    assert sent(receiver) == [[1], [1]]
    assert len(clock.slept) == 1


async def test_what_goes_wrong_in_an_unforeseen_way_does_not_end_forwarding(
    sender: Sender, forwarder: Forwarder, receiver: FakeCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    front, failures = forwarder.front, [RuntimeError("odd")]

    def odd(most_bytes: int) -> list[Record]:
        if failures:
            raise failures.pop()
        return front(most_bytes)

    monkeypatch.setattr(forwarder, "front", odd)
    give(forwarder, 1)
    task = asyncio.create_task(sender.run())
    async with asyncio.timeout(5):
        while forwarder.state()[1]:
            await asyncio.sleep(0.01)
    task.cancel()
    assert sent(receiver) == [[1]]


async def test_redirects_are_not_followed(
    sender: Sender, forwarder: Forwarder, receiver: FakeCollector, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [web.Response(status=307, headers={"Location": "http://elsewhere.example/"})]
    give(forwarder, 1)
    with caplog.at_level(logging.WARNING):
        await sender.drain()
    assert {request.path for request in receiver.received} == {"/w"}
    [record] = caplog.records
    assert "correct long_term.write_url" in record.fields["remedy"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("status", "content_type", "outcome", "reason"),
    [
        (200, "", Outcome.ACCEPTED, "Mimir"),
        (204, "", Outcome.ACCEPTED, "Prometheus, VictoriaMetrics"),
        (200, "text/html", Outcome.FAILED, "a portal has not stored anything"),
        (400, "text/plain", Outcome.REJECTED, "too old, out of order"),
        (409, "", Outcome.REJECTED, "any other client error: the same again is useless"),
        (409, "text/html", Outcome.FAILED, "of a proxy"),
        (413, "", Outcome.REJECTED, "too large for ever"),
        (415, "", Outcome.REJECTED, "it does not speak remote write 1.0"),
        (401, "", Outcome.UNAUTHORIZED, "a person mends the credentials"),
        (404, "", Outcome.FAILED, "a person mends the address"),
        (429, "", Outcome.THROTTLED, "later"),
        (500, "", Outcome.FAILED, "later"),
    ],
)
def test_answers_are_judged(status: int, content_type: str, outcome: Outcome, reason: str) -> None:
    assert verdict_of(Answer(status, {"content-type": content_type}, b""), 0).outcome is outcome, reason


def test_a_request_is_bounded_by_samples_and_size_but_takes_one_record_at_least() -> None:
    def record(samples: int, raw: int = 10) -> Record:
        return Record("0" * 16, 1, 0, samples, compress(bytes(raw)))

    assert len(fitting([record(MOST_SAMPLES + 1), record(1)])) == 1
    assert len(fitting([record(MOST_SAMPLES - 2), record(1), record(1), record(1)])) == 3
    assert len(fitting([record(1, 5 << 20), record(1, 5 << 20)])) == 1, "a bomb is not unpacked with its neighbours"
    assert len(fitting([Record("0" * 16, 1, 0, 1, b"\xff" * 20), record(1)])) == 1, "no snappy"
