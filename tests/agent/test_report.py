from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiohttp import web

from agent.config import CollectorConfig
from agent.http import CollectorClient
from agent.report import COMPARE_SECONDS, HEARTBEAT_SECONDS, LARGE_BYTES, LOOK_SECONDS, MOST_NEWS, Reporter
from agent.target import Target
from core.clock import ManualClock
from core.facts import AgentReport, Facts
from core.remote_write_answer import Outcome
from tests.agent.collector import FakeCollector


class Thing:
    """Something with facts that may change or be out of reach."""

    def __init__(self, instance: str, *, after_reading: bool = False) -> None:
        self.now: Facts | Exception = Facts(name=instance, serial_number="A1", uptime_seconds=1)
        self.asked = 0
        probe: Any = None
        self.target = Target("test", instance, probe, 10, 9, self.facts, facts_after_reading=after_reading)

    async def facts(self) -> Facts:
        self.asked += 1
        if isinstance(self.now, Exception):
            raise self.now
        return self.now


@pytest.fixture
async def collector() -> AsyncIterator[FakeCollector]:
    fake = FakeCollector()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def client(collector: FakeCollector) -> AsyncIterator[CollectorClient]:
    opened = CollectorClient(CollectorConfig(url=collector.url))
    yield opened
    opened.close()


def reporter(things: list[Thing], up: dict[Target, bool], client: CollectorClient, clock: ManualClock) -> Reporter:
    own = Target("agent", "web-1", None, 10, 9)  # type: ignore[arg-type] - a target without facts is not reported
    targets = [*(thing.target for thing in things), own]
    return Reporter(targets, up, client, clock, agent="web-1", boot="ab", random=lambda: 0.5)


def reports(collector: FakeCollector) -> list[AgentReport]:
    return [msgspec.json.decode(one.body, type=AgentReport) for one in collector.received]


def told(report: AgentReport) -> dict[str, str | None] | None:
    """Serial numbers by instance; None for a heartbeat."""
    if report.targets is None:
        return None
    return {target.instance: target.facts and target.facts.serial_number for target in report.targets}


async def test_the_first_report_names_every_target_and_the_facts_that_are_known(
    collector: FakeCollector, client: CollectorClient, clock: ManualClock
) -> None:
    host, device = Thing("web-1"), Thing("core-1", after_reading=True)
    assert await reporter([host, device], {}, client, clock).step() == LOOK_SECONDS
    (report,) = reports(collector)
    assert collector.received[0].path == "/api/v1/agents/report"
    assert collector.received[0].headers["Content-Type"] == "application/json"
    assert (report.agent, report.boot, report.sent_at) == ("web-1", "ab", "2025-10-09T08:53:20.000Z")
    assert told(report) == {"web-1": "A1", "core-1": None}
    assert device.asked == 0


async def test_a_device_is_asked_once_it_was_read(
    collector: FakeCollector, client: CollectorClient, clock: ManualClock
) -> None:
    host, device = Thing("web-1"), Thing("core-1", after_reading=True)
    up: dict[Target, bool] = {}
    subject = reporter([host, device], up, client, clock)
    await subject.step()
    up[device.target] = False
    await subject.step()
    assert device.asked == 0
    up[device.target] = True
    await subject.step()
    assert [told(report) for report in reports(collector)] == [
        {"web-1": "A1", "core-1": None},
        {"web-1": "A1", "core-1": "A1"},
    ]


async def test_changes_are_reported_but_an_uptime_is_no_change(
    collector: FakeCollector, client: CollectorClient, clock: ManualClock
) -> None:
    host = Thing("web-1")
    subject = reporter([host], {}, client, clock)
    await subject.step()
    host.now = Facts(name="web-1", serial_number="A1", uptime_seconds=2)
    await clock.advance(COMPARE_SECONDS)
    await subject.step()
    host.now = Facts(name="web-1", serial_number="B2", uptime_seconds=3)
    await clock.advance(COMPARE_SECONDS)
    await subject.step()
    assert [told(report) for report in reports(collector)] == [{"web-1": "A1"}, None, {"web-1": "B2"}]


async def test_a_heartbeat_comes_every_minute_and_facts_are_not_asked_in_between(
    collector: FakeCollector, client: CollectorClient, clock: ManualClock
) -> None:
    host = Thing("web-1")
    subject = reporter([host], {}, client, clock)
    waited = await subject.step()
    while waited < 3 * HEARTBEAT_SECONDS + LOOK_SECONDS:
        await clock.advance(LOOK_SECONDS)
        waited += await subject.step()
    assert [told(report) for report in reports(collector)] == [{"web-1": "A1"}, None, None, None]
    assert host.asked == 4


async def test_what_the_collector_did_not_take_is_said_again(
    collector: FakeCollector, client: CollectorClient, clock: ManualClock
) -> None:
    host = Thing("web-1")
    collector.answers = [401, web.Response(status=503, headers={"Retry-After": "30"}), 500]
    subject = reporter([host], {}, client, clock)
    assert [await subject.step() for _ in range(4)] == [0.5, 31, 2, LOOK_SECONDS]
    assert [told(report) for report in reports(collector)] == [{"web-1": "A1"}] * 4
    assert subject.outcomes == {
        Outcome.UNAUTHORIZED: 1,
        Outcome.THROTTLED: 1,
        Outcome.FAILED: 1,
        Outcome.ACCEPTED: 1,
    }


async def test_a_collector_that_is_away_is_waited_for(
    collector: FakeCollector, client: CollectorClient, clock: ManualClock
) -> None:
    await collector.stop()
    subject = reporter([Thing("web-1")], {}, client, clock)
    assert [await subject.step() for _ in range(3)] == [0.5, 1, 2]
    assert subject.outcomes == {Outcome.UNREACHABLE: 3}
    await collector.start()  # so that the fixture has something to stop


async def test_a_target_whose_facts_fail_does_not_silence_the_others(
    collector: FakeCollector, client: CollectorClient, clock: ManualClock
) -> None:
    host, device = Thing("web-1"), Thing("core-1")
    device.now = RuntimeError("no answer")
    await reporter([host, device], {}, client, clock).step()
    assert told(reports(collector)[0]) == {"web-1": "A1", "core-1": None}


async def test_many_facts_go_in_several_reports_without_waiting(
    collector: FakeCollector, client: CollectorClient, clock: ManualClock
) -> None:
    things = [Thing(f"core-{index}") for index in range(2 * MOST_NEWS + 1)]
    subject = reporter(things, {}, client, clock)
    assert [await subject.step() for _ in range(4)] == [0, 0, LOOK_SECONDS, LOOK_SECONDS]
    said = [told(report) or {} for report in reports(collector)]
    assert [sum(serial is not None for serial in one.values()) for one in said] == [25, 50, 51]
    assert {len(one) for one in said} == {2 * MOST_NEWS + 1}


async def test_a_large_report_leaves_out_what_did_not_change(
    collector: FakeCollector, client: CollectorClient, clock: ManualClock
) -> None:
    things = [Thing("core-1"), Thing("core-2")]
    things[0].now = Facts(serial_number="A1", sys_descr="x" * LARGE_BYTES)
    subject = reporter(things, {}, client, clock)
    await subject.step()
    things[1].now = Facts(serial_number="B2")
    await clock.advance(COMPARE_SECONDS)
    await subject.step()
    assert [told(report) for report in reports(collector)] == [
        {"core-1": "A1", "core-2": "A1"},
        {"core-1": None, "core-2": "B2"},
    ]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_facts_that_the_collector_refuses_hold_up_neither_the_others_nor_the_heartbeat(
    collector: FakeCollector, client: CollectorClient, clock: ManualClock, status: int
) -> None:
    def judge_latest() -> None:
        bad = b"hostile" in collector.received[-1].body
        collector.answers = [status] if bad else []

    collector.on_request = judge_latest
    things = [Thing("core-1"), Thing("core-2"), Thing("core-3")]
    things[1].now = Facts(serial_number="hostile")
    subject = reporter(things, {}, client, clock)
    for _ in range(40):
        await clock.advance(LOOK_SECONDS)
        await subject.step()
    taken = [one for one in reports(collector) if "hostile" not in (told(one) or {}).values()]
    said: dict[str, str | None] = {}
    for one in taken:
        said |= {name: serial for name, serial in (told(one) or {}).items() if serial}
    assert said == {"core-1": "A1", "core-3": "A1"}
    assert sum(told(one) is None for one in taken) >= 2, "heartbeats go on"
    assert len(reports(collector)) - len(taken) <= 3, "not said over and over"
    things[1].now = Facts(serial_number="mended")
    await clock.advance(COMPARE_SECONDS)
    await subject.step()
    assert (told(reports(collector)[-1]) or {})["core-2"] == "mended"
