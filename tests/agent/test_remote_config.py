from __future__ import annotations

import asyncio
import gzip
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from agent.config import AgentConfig, CollectorConfig
from agent.http import Answer, CollectorClient
from agent.own_events import OwnEvents
from agent.remote_config import ConfigOutcome, RemoteConfig, body_of
from agent.remote_config_document import DocumentError
from agent.remote_config_file import MOST_BYTES
from agent.runner import Runner
from agent.targets import targets_of
from core.clock import ManualClock
from core.spool.spool import Limits, Spool
from tests.agent.collector import FakeCollector


def probes(*names: str, **changes: Any) -> list[dict[str, Any]]:
    return [{"name": name, "type": "icmp", "target": "10.0.0.1", "interval": "60s"} | changes for name in names]


def answer(tag: str, **parts: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode({"version": tag, **parts}), headers={"ETag": f'"{tag}"'})


class Scene:
    """An agent without targets of its own, and a collector that answers as it is told."""

    def __init__(self, folder: Path, clock: ManualClock, collector: FakeCollector, **settings: Any) -> None:
        self.collector = collector
        self.config = AgentConfig(
            name="poller", data_dir=folder, collector=CollectorConfig(url=collector.url), **settings
        )
        self.client = CollectorClient(self.config.collector)
        self.spool = Spool(folder / "spool", Limits(max_age_ms=86_400_000, max_bytes=2**26))
        self.runner = Runner([], self.spool, clock, agent="poller", max_samples=100)
        self.events = OwnEvents(self.client, clock, agent="poller", boot="b")
        self.told: list[list[str]] = []
        self.remote = RemoteConfig(
            self.config, self.client, self.runner, clock, self.events,
            changed=lambda targets: self.told.append(sorted(one.instance for one in targets)),
        )  # fmt: skip

    async def step(self, *answers: web.Response | int) -> list[str]:
        self.collector.answers = list(answers)
        await self.remote.step()
        return sorted(self.remote.targets)

    def close(self) -> None:
        self.spool.close()
        self.client.close()


@pytest.fixture
async def collector() -> AsyncIterator[FakeCollector]:
    fake = FakeCollector(default=500)
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def scene(tmp_path: Path, clock: ManualClock, collector: FakeCollector) -> AsyncIterator[Scene]:
    opened = Scene(tmp_path, clock, collector, site="dc 1")
    yield opened
    opened.close()


async def test_targets_come_change_and_go_and_the_others_do_not_notice(scene: Scene) -> None:
    assert await scene.step(answer("1", probes=probes("a", "b"))) == ["a", "b"]
    same, changed = scene.remote.targets["a"][1], scene.remote.targets["b"][1]
    new = probes("a") + probes("b", target="10.0.0.2") + probes("c")
    assert await scene.step(answer("2", probes=new)) == ["a", "b", "c"]
    assert scene.remote.targets["a"][1] is same
    assert scene.remote.targets["b"][1] is not changed
    assert await scene.step(answer("3", probes=probes("c"))) == ["c"]
    assert scene.told == [["a", "b"], ["a", "b", "c"], ["c"]]


async def test_it_names_its_site_and_the_last_etag_and_a_304_changes_nothing(scene: Scene) -> None:
    await scene.step(answer("1", probes=probes("a")))
    before = scene.remote.targets["a"][1]
    assert await scene.step(304) == ["a"]
    assert scene.remote.targets["a"][1] is before
    first, second = scene.collector.received
    assert "If-None-Match" not in first.headers
    assert second.headers["If-None-Match"] == '"1"'
    assert second.path == "/api/v1/agents/config"
    assert scene.remote.outcomes == {ConfigOutcome.APPLIED: 1, ConfigOutcome.UNCHANGED: 1}


@pytest.mark.parametrize(
    ("bad", "outcome"),
    [
        (web.Response(body=b"no document"), ConfigOutcome.BROKEN),
        (web.Response(body=b"no gzip", headers={"Content-Encoding": "gzip"}), ConfigOutcome.BROKEN),
        (401, ConfigOutcome.REFUSED),
        (404, ConfigOutcome.REFUSED),
        (503, ConfigOutcome.UNREACHABLE),
    ],
)
async def test_the_last_good_document_stays_in_force(scene: Scene, bad: Any, outcome: ConfigOutcome) -> None:
    await scene.step(answer("1", probes=probes("a")))
    assert await scene.step(bad) == ["a"]
    assert scene.remote.outcomes[outcome] == 1


async def test_a_bad_target_is_refused_alone_told_once_and_forgotten_when_it_is_right(scene: Scene) -> None:
    bad = probes("bad", packets="many")
    for tag in ("1", "2"):
        assert await scene.step(answer(tag, probes=probes("a") + bad)) == ["a"]
    assert list(scene.remote.refused) == ["bad"]
    scene.collector.default = 204
    await scene.events.step()
    report = msgspec.json.decode(scene.collector.received[-1].body)
    [event] = report["events"]
    assert (event["kind"], event["target"]) == ("config", "bad")
    assert "whole number" in event["attributes"]["reason"]
    assert await scene.step(answer("3", probes=probes("a", "bad"))) == ["a", "bad"]
    assert scene.remote.refused == {}


async def test_a_target_that_turns_bad_is_read_no_longer(scene: Scene) -> None:
    await scene.step(answer("1", probes=probes("a")))
    assert await scene.step(answer("2", probes=probes("a", packets="many"))) == []


async def test_a_device_with_a_profile_that_is_not_there_is_refused_alone(scene: Scene) -> None:
    devices = [{"name": name, "address": "10.0.0.1", "credential": "lab"} for name in ("a", "b", "c")]
    devices[1]["profile"] = "no-such-profile"
    document = answer("1", snmp=devices, credentials={"lab": {"community": "x"}})
    assert await scene.step(document) == ["a", "c"]
    assert [one.name for one in scene.remote.devices()] == ["a", "c"]
    assert "no-such-profile" in scene.remote.refused["b"]


async def test_a_target_that_cannot_be_built_for_any_reason_is_refused_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(config: AgentConfig, clock: ManualClock) -> Any:
        if any(one.name == "b" for one in config.probes):
            raise KeyError("a bug")
        return targets_of(config, clock)

    monkeypatch.setattr("agent.remote_config.targets_of", broken)
    assert await scene.step(answer("1", probes=probes("a", "b", "c"))) == ["a", "c"]
    assert scene.remote.refused == {"b": "cannot be read here: KeyError"}


async def test_an_agent_that_starts_while_the_collector_is_away_polls_what_it_polled(
    tmp_path: Path, clock: ManualClock, collector: FakeCollector
) -> None:
    first = Scene(tmp_path, clock, collector)
    await first.step(answer("1", probes=probes("a")))
    first.close()
    file = tmp_path / "remote-config.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    collector.answers = []
    second = Scene(tmp_path, clock, collector)
    running = asyncio.create_task(second.remote.run())
    for _ in range(200):
        if second.remote.outcomes:
            break
        await asyncio.sleep(0.01)  # the request is on the network
    await clock.advance(0)
    assert sorted(second.remote.targets) == ["a"]
    assert collector.received[-1].headers["If-None-Match"] == '"1"'
    running.cancel()
    second.close()


async def test_a_kept_document_that_is_spoilt_is_left_alone_and_asked_for_again(
    tmp_path: Path, clock: ManualClock, collector: FakeCollector
) -> None:
    (tmp_path / "remote-config.json").write_bytes(b'"1"\nnonsense')
    scene = Scene(tmp_path, clock, collector)
    running = asyncio.create_task(scene.remote.run())
    for _ in range(200):
        if scene.remote.outcomes:
            break
        await asyncio.sleep(0.01)  # the request is on the network
    await clock.advance(0)
    assert await scene.step(answer("1", probes=probes("a"))) == ["a"]
    assert "If-None-Match" not in collector.received[-1].headers
    running.cancel()
    scene.close()


async def test_news_are_asked_for_soon_but_not_all_the_time(scene: Scene, clock: ManualClock) -> None:
    scene.collector.default = 304

    async def asked(times: int) -> None:
        for _ in range(300):
            await clock.advance(0)
            if scene.remote.outcomes.total() >= times:
                break
            await asyncio.sleep(0.01)  # the request is on the network
        await clock.advance(0)
        assert scene.remote.outcomes.total() == times

    running = asyncio.create_task(scene.remote.run())
    await asked(1)
    for _ in range(5):
        scene.remote.hurry()
    await clock.advance(1.9)
    await asked(1)
    await clock.advance(0.2)
    await asked(2)
    await clock.advance(50)
    await asked(2)
    await clock.advance(20)
    await asked(3)
    running.cancel()


def test_a_small_body_that_becomes_a_large_one_is_refused() -> None:
    bomb = gzip.compress(b"\0" * (MOST_BYTES + 1))
    with pytest.raises(DocumentError, match="larger than"):
        body_of(Answer(200, {"content-encoding": "gzip"}, bomb))
    assert body_of(Answer(200, {"content-encoding": "gzip"}, gzip.compress(b"{}"))) == b"{}"
