"""Rediscovery by the running agent, its clock moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent import process
from agent.config import AgentConfig, CollectorConfig, SnmpConfig
from agent.discovery.counts import SweepOutcome
from agent.discovery.report import DISCOVERIES_PATH
from agent.discovery.service import Discovery
from agent.http import CollectorClient
from agent.metrics import AgentProbe
from agent.schedule import slot
from core.clock import SystemClock
from core.discovery import SweepReport
from tests.agent.collector import FakeCollector
from tests.agent.discovery.network import communities, limits, running, sees, switch


class MovedClock(SystemClock):
    """Begins just after a turn of the agent, so that the next one is hours away."""

    def __init__(self) -> None:
        self.ahead_ms = slot("probe-1", "discovery", "", 21_600_000).next_after(1_760_000_000_000) + 1000
        self._began = self.monotonic()

    def now_ms(self) -> int:
        return self.ahead_ms + round((self.monotonic() - self._began) * 1000)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(min(seconds, 0.01))  # a pause between attempts is not waited for


class Night:
    """An agent that sweeps a network, and a collector that hears of it."""

    def __init__(self, collector: FakeCollector, folder: Path, port: int) -> None:
        self.collector = collector
        self.clock = MovedClock()
        self.clients: list[CollectorClient] = []
        self._folder = folder
        self._port = port
        self.discovery = self.start()

    def start(self, **changes: Any) -> Discovery:
        given = limits(self._port, networks=["127.0.9.0/28"], **changes)
        section = CollectorConfig(url=self.collector.url)
        config = AgentConfig(
            name="probe-1", collector=section, data_dir=self._folder, discovery=given,
            snmp=SnmpConfig(credentials=communities("public")),
        )  # fmt: skip
        client = CollectorClient(section)
        self.clients.append(client)
        self.discovery = Discovery(config, client, self.clock, random=lambda: 0.0)
        return self.discovery

    async def after(self, seconds: float) -> list[SweepReport]:
        """What is reported when so much time has passed."""
        self.clock.ahead_ms += round(seconds * 1000)
        before = len(self.collector.received)
        await self.discovery.step()
        return self.reports(before)

    def reports(self, start: int = 0) -> list[SweepReport]:
        received = self.collector.received[start:]
        assert all(one.path == DISCOVERIES_PATH for one in received)
        return [msgspec.json.decode(one.body, type=SweepReport) for one in received]


@pytest.fixture
async def collector() -> AsyncIterator[FakeCollector]:
    fake = FakeCollector()
    await fake.start()
    yield fake
    await fake.stop()


Fall = Callable[[int], Night]


@pytest.fixture
async def fall(collector: FakeCollector, tmp_path: Path) -> AsyncIterator[Fall]:
    """Begins a night, the devices being at a port."""
    nights: list[Night] = []

    def begin(port: int) -> Night:
        nights.append(Night(collector, tmp_path, port))
        return nights[-1]

    yield begin
    for client in (client for night in nights for client in night.clients):
        client.close()


def names(reports: list[SweepReport]) -> list[list[str | None]]:
    return [[one.facts.name for one in report.devices] for report in reports]


async def test_all_networks_are_swept_and_new_devices_are_asked_again(fall: Fall) -> None:
    with running({"127.0.9.3": switch("core-1", "SN-1")}) as (port, devices):
        night = fall(port)
        assert await night.after(30) == []
        [first] = await night.after(40)
        assert (names([first]), first.finished) == ([["core-1"]], True)
        assert await night.after(200) == []
        for name, value in sees("127.0.9.9").items():  # it learns of its neighbour late
            devices["127.0.9.3"].set(name, value)
        [again] = await night.after(120)
        assert (names([again]), again.finished) == ([["core-1"]], False)
        assert again.devices[0].neighbours[0].address == "127.0.9.9"
        assert await night.after(600) == []
        [regular] = await night.after(6 * 3600)
        assert (regular.finished, regular.sweep != first.sweep) == (True, True)
        assert await night.after(600) == []  # nobody is new


async def test_a_restart_waits_for_the_next_turn(fall: Fall) -> None:
    with running({"127.0.9.3": switch("core-1", "SN-1")}) as (port, _):
        night = fall(port)
        await night.after(70)
        waits = await night.start().step()
        assert 120 < waits <= 6 * 3600


async def test_what_the_collector_does_not_take_is_reported_later(collector: FakeCollector, fall: Fall) -> None:
    with running({"127.0.9.3": switch("core-1", "SN-1")}) as (port, _):
        night = fall(port)
        collector.default = 503
        await night.after(70)
        assert night.discovery.counts.sweeps == {SweepOutcome.UNREPORTED: 1}
        collector.default = 204
        await night.after(310)  # first the new device is asked again
        [late] = await night.after(0)
        assert (names([late]), late.finished) == ([["core-1"]], True)
        assert night.discovery.counts.devices == 1
        assert night.discovery.counts.packets > 0


async def test_large_results_go_in_parts_and_the_last_one_says_so(fall: Fall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.discovery.report.MOST_DEVICES", 2)
    mibs = {f"127.0.9.{number}": switch(f"sw-{number}", f"SN-{number}") for number in range(1, 6)}
    with running(mibs) as (port, _):
        reports = await fall(port).after(70)
    assert [len(one.devices) for one in reports] == [2, 2, 1]
    assert [one.finished for one in reports] == [False, False, True]
    assert len({one.sweep for one in reports}) == 1


def test_an_agent_without_networks_looks_for_nothing(tmp_path: Path) -> None:
    section = CollectorConfig(url="http://127.0.0.1:1")
    own, clock = AgentProbe(MovedClock()), MovedClock()
    idle = AgentConfig(collector=section, data_dir=tmp_path)
    assert process._discovery(idle, clock, own) == []
    counts = own.discovery
    [part] = process._discovery(msgspec.structs.replace(idle, discovery=limits(161)), clock, own)
    assert own.discovery is not counts
    part.close()
