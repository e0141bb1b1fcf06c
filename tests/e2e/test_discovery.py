"""From `forewatch agent discover` to an item that is polled: a real device, a real agent, a real collector."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import Agent, Site
from tests.servers.ports import wait_until
from tests.servers.snmpd import SYS_NAME, Snmpd

pytestmark = pytest.mark.e2e

COMMUNITY = "s3cret-community"
USER = "createUser monitor SHA-256 authentication AES encryption\nrouser monitor priv\n"
SECRETS = {"username": "monitor", "auth": "sha256", "auth_password": "authentication",
           "priv": "aes128", "priv_password": "encryption"}  # fmt: skip


@pytest.fixture
def device(tmp_path: Path) -> Any:
    opened = Snmpd(tmp_path / "device", community=COMMUNITY, settings=USER)
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture
def site(tmp_path: Path) -> Any:
    opened = Site(tmp_path / "site", rules="groups: []\n")
    opened.start()
    yield opened
    opened.collector.kill()


def configured(site: Site, device: Snmpd) -> tuple[Agent, Path]:
    agent = Agent(site, "poller-1", host=False)
    config = site.folder / "poller-1" / "agent.yaml"
    wrong = SECRETS | {"auth_password": "not the password"}
    credentials = {"wrong": {"version": "3"} | wrong, "core": {"version": "3"} | SECRETS,
                   "lab": {"version": "2c", "community": COMMUNITY}}  # fmt: skip
    sections = {
        "snmp": {"credentials": credentials},
        "discovery": {"networks": ["127.0.0.1/32"], "snmp_port": device.port, "ports": [], "timeout": "2s"},
    }
    config.write_text(json.dumps(json.loads(config.read_text()) | sections))
    return agent, config


def discover(config: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "forewatch.cli", "agent", "discover", "--config", str(config), "--format", "json"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert COMMUNITY.encode() not in done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def test_a_discovered_device_is_proposed_accepted_and_polled(site: Site, device: Snmpd) -> None:
    agent, config = configured(site, device)
    [found] = discover(config)["devices"]
    assert (found["facts"]["name"], found["credential"], found["found_by"]) == (SYS_NAME, "core", "snmp")
    assert found["engine_id"]
    [proposal] = site.get("/api/v1/proposals")["items"]
    assert (proposal["kind"], proposal["name"], proposal["agent"]) == ("new", SYS_NAME, "poller-1")
    assert site.get("/api/v1/cis")["items"] == []
    secret = {"kind": "snmp", "version": "3"} | SECRETS
    site.post("/api/v1/credentials", {"name": "core", "secret": secret})
    accepted = site.post(f"/api/v1/proposals/{proposal['id']}/accept", {"credential": "core"})
    [target] = site.get("/api/v1/polling-targets")["items"]
    assert (target["name"], target["ci"], target["agent"]) == (SYS_NAME, accepted["ci"]["id"], "poller-1")
    discover(config)
    assert site.get("/api/v1/proposals")["items"] == []
    agent.process.start()
    try:
        expression = f'sysUpTime{{instance="{SYS_NAME}"}} * on(instance) group_left(ci) forewatch_ci_info'
        wait_until(lambda: site.query(expression) != [], "the device is polled", seconds=60)
    finally:
        assert agent.process.stop() == 0
    [series] = site.query(expression)
    assert series["metric"]["ci"] == accepted["ci"]["code"]
    [item] = site.get("/api/v1/cis")["items"]
    assert item["instances"] == [SYS_NAME]
