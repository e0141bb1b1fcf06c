"""Two agents of one site, a real device, and the poller dies: the other takes over, the series go on."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import Agent, Site
from tests.servers.ports import wait_until
from tests.servers.snmpd import Snmpd

pytestmark = pytest.mark.e2e

COMMUNITY = "s3cret-community"


@pytest.fixture
def device(tmp_path: Path) -> Any:
    opened = Snmpd(tmp_path / "device", community=COMMUNITY)
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture
def estate(tmp_path: Path) -> Any:
    settings = {"silent_after": "4s", "stable_after": "60s"}
    opened = Site(tmp_path / "site", rules="groups: []\n", polling=settings)
    opened.start()
    yield opened
    opened.collector.kill()


def poller(site: Site, name: str) -> Agent:
    made = Agent(site, name)
    config = site.folder / name / "agent.yaml"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"site": "dc-1"}))
    made.process.start()
    return made


def target(site: Site) -> Any:
    [found] = site.get("/api/v1/polling-targets")["items"]
    return found


def test_when_the_poller_is_killed_the_other_agent_goes_on_with_the_same_series(estate: Site, device: Snmpd) -> None:
    agents = {name: poller(estate, name) for name in ("poller-1", "poller-2")}
    try:
        wait_until(
            lambda: [one["site"] for one in estate.get("/api/v1/agents")["items"]] == ["dc-1"] * 2,
            "both named their site", seconds=30,
        )  # fmt: skip
        secret = {"kind": "snmp", "community": COMMUNITY}
        estate.post("/api/v1/credentials", {"name": "lab", "secret": secret})
        estate.post("/api/v1/polling-targets", {
            "name": "core-1", "kind": "snmp", "settings": {"address": f"127.0.0.1:{device.port}", "interval": "1s"},
            "credential": "lab", "site": "dc-1",
        })  # fmt: skip
        first = target(estate)["holder"]
        [second] = agents.keys() - {first}
        wait_until(lambda: estate.query('up{job="snmp"} == 1') != [], "the device is read", seconds=30)
        before = estate.query('sysUpTime{instance="core-1"}')
        kept = estate.folder / first / "agent-data" / "remote-config.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600

        agents[first].process.kill()
        wait_until(lambda: target(estate)["holder"] == second, "the target moved", seconds=30)
        died_at = float(estate.query("time()")[1])
        wait_until(
            lambda: any(float(one["value"][1]) > died_at for one in estate.query('timestamp(up{instance="core-1"})')),
            "the device is read again", seconds=30,
        )  # fmt: skip
        after = estate.query('sysUpTime{instance="core-1"}')
        assert [one["metric"] for one in after] == [one["metric"] for one in before]
        assert len(estate.query('count by (instance, job) (up{job="snmp"})')) == 1
        assert len(estate.query('up{job="snmp"}')) == 1

        logs = estate.collector.log() + "".join(agent.process.log() for agent in agents.values())
        assert COMMUNITY not in logs
        assert COMMUNITY.encode() not in (estate.folder / "data" / "forewatch.db").read_bytes()
    finally:
        for agent in agents.values():
            agent.process.kill()
