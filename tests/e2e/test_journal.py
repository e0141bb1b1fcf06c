"""What services write into systemd's journal becomes counts and events, once each, also when the agent is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import Agent, Site
from tests.servers.journald import Journald
from tests.servers.ports import wait_until

pytestmark = pytest.mark.e2e


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[Journald]:
    server = Journald(tmp_path / "root")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def agent(site: Site, journald: Journald) -> Iterator[Agent]:
    section = {"name": "logins", "identifiers": ["sshd"], "patterns": {"refused": "^Failed password"}, "events": True}
    enrolled = Agent(site, "web-1", host={"root": str(journald.root), "journal": [section]})
    yield enrolled
    enrolled.process.stop()


def refused(number: int) -> dict[str, str | bytes]:
    return {"MESSAGE": f"Failed password={number} for root, attempt {number}", "SYSLOG_IDENTIFIER": "sshd"}


def test_each_match_is_counted_and_told_once_though_the_agent_is_killed(
    site: Site, journald: Journald, agent: Agent
) -> None:
    def counted() -> str:
        found = site.query('log_matches_total{instance="web-1",journal="logins",pattern="refused"}')
        return found[0]["value"][1] if found else ""

    def told() -> list[str]:
        return sorted(one["message"] for one in site.get("/api/v1/events", kind="log")["items"])

    journald.write(refused(0))
    agent.process.start()
    wait_until(lambda: counted() == "0", "the first look")
    journald.write(refused(1), {"MESSAGE": "Failed password", "SYSLOG_IDENTIFIER": "su"})
    wait_until(lambda: counted() == "1", "the first match")
    wait_until(lambda: len(told()) == 1, "the first event")
    agent.process.kill()
    journald.write(refused(2))
    journald.rotate()
    agent.process.start()
    wait_until(lambda: counted() == "2", "what was written meanwhile")
    wait_until(lambda: len(told()) == 2, "its event")
    assert told() == [f"Failed password=*** for root, attempt {number}" for number in (1, 2)]
