from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from agent.config import CollectorConfig
from agent.events import MOST_EVENTS, EventQueue
from agent.http import CollectorClient
from core.clock import ManualClock, to_rfc3339
from core.facts import AgentReport, EventReport
from core.remote_write_answer import Outcome
from core.spool.losses import Drop
from tests.agent.collector import FakeCollector


@pytest.fixture
async def collector() -> AsyncIterator[FakeCollector]:
    fake = FakeCollector()
    await fake.start()
    yield fake
    await fake.stop()


@contextlib.contextmanager
def queue(folder: Path, collector: FakeCollector, clock: ManualClock) -> Iterator[EventQueue]:
    client = CollectorClient(CollectorConfig(url=collector.url))
    one = EventQueue(folder, 2**20, client, clock, agent="edge-1", boot="b00t", random=lambda: 0.5)
    try:
        yield one
    finally:
        one.close()
        client.close()


def event(clock: ManualClock, message: str) -> EventReport:
    return EventReport(at=to_rfc3339(clock.now_ms()), kind="trap", target="core-1", message=message)


async def step(of: EventQueue, clock: ManualClock, most: int = MOST_EVENTS) -> float:
    return await of.send(of.spool.front(clock.now_ms(), 2**20)[:most])


def told(collector: FakeCollector) -> list[list[str]]:
    reports = [msgspec.json.decode(one.body, type=AgentReport) for one in collector.received]
    assert all(one.agent == "edge-1" and one.boot == "b00t" and one.targets is None for one in reports)
    return [[one.message for one in report.events] for report in reports]


async def test_events_are_told_in_their_order_and_leave_the_spool(
    tmp_path: Path, collector: FakeCollector, clock: ManualClock
) -> None:
    with queue(tmp_path, collector, clock) as waiting:
        for message in "abc":
            waiting.keep(event(clock, message))
        assert await step(waiting, clock) == 0
        assert told(collector) == [["a", "b", "c"]]
        assert waiting.spool.records == 0


async def test_events_outlive_an_outage_and_a_restart(
    tmp_path: Path, collector: FakeCollector, clock: ManualClock
) -> None:
    with queue(tmp_path, collector, clock) as first:
        first.keep(event(clock, "a"))
        collector.answers = [503]
        assert await step(first, clock) > 0
        assert first.outcomes == {Outcome.THROTTLED: 1}
    with queue(tmp_path, collector, clock) as second:
        assert await step(second, clock) == 0
        assert told(collector) == [["a"], ["a"]]


async def test_an_event_that_the_collector_refuses_costs_itself_only(
    tmp_path: Path, collector: FakeCollector, clock: ManualClock
) -> None:
    with queue(tmp_path, collector, clock) as waiting:
        for message in ("bad", "good"):
            waiting.keep(event(clock, message))
        collector.answers = [422, 422]
        await step(waiting, clock)
        await step(waiting, clock, waiting._most)
        assert waiting.spool.counts.dropped_records == {Drop.REJECTED: 1}
        await step(waiting, clock)
        assert told(collector) == [["bad", "good"], ["bad"], ["good"]]


async def test_what_waited_and_cannot_be_read_is_counted_and_the_rest_told(
    tmp_path: Path, collector: FakeCollector, clock: ManualClock
) -> None:
    with queue(tmp_path, collector, clock) as waiting:
        waiting.spool.append(b'{"other": 1}', 1, clock.now_ms())
        waiting.keep(event(clock, "good"))
        for _ in range(3):
            await step(waiting, clock, waiting._most)
        assert waiting.spool.counts.dropped_records == {Drop.CORRUPT: 1}
        assert told(collector) == [["good"]]
