"""What a device says by itself becomes events, and a pair becomes one incident that opens and clears."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Sinks
from tests.e2e.processes import Agent, Site
from tests.servers.ports import free_port, wait_until
from tests.servers.snmptrap import COLD_START, LINK_DOWN, LINK_UP, Snmptrap, interface

pytestmark = pytest.mark.e2e


@pytest.fixture
def device(tmp_path: Path) -> Snmptrap:
    return Snmptrap(tmp_path, free_port(socket.SOCK_DGRAM))


@pytest.fixture
def agent(site: Site, device: Snmptrap) -> Iterator[Agent]:
    target = {"name": "core-1", "address": "127.0.0.1:9", "credential": "lab", "interval": "1h"}
    enrolled = Agent(
        site, "edge-1", targets=[target], host=False, traps={"enabled": True, "listen": device.to, "repeat": "0s"}
    )
    enrolled.process.start()
    yield enrolled
    enrolled.process.stop()


def events(site: Site, name: str) -> list[dict[str, Any]]:
    items = site.get("/api/v1/events", kind="trap")["items"]
    return [one for one in items if one["attributes"]["trap"] == name]


def receivers(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_pair_of_traps_opens_and_clears_one_incident(
    site: Site, device: Snmptrap, agent: Agent, sinks: Sinks
) -> None:
    item = site.post("/api/v1/cis", {"name": "core-1", "class": "switch"})
    wait_until(lambda: "receiving traps" in agent.process.log(), "the receiver")
    wait_until(lambda: site.query('up{job="traps",instance="edge-1"} == 1') != [], "the receiver's counters")

    for _ in range(3):
        device.v2c(LINK_DOWN, *interface(3))
    device.v2c(COLD_START)
    wait_until(lambda: len(events(site, "linkDown")) == 3, "the events")
    wait_until(lambda: len(sinks.arrivals("webhook")) == 1, "the page")
    [incident] = site.get("/api/v1/incidents", state="open")["items"]
    assert incident["title"] == "core-1: interface Gi0/3 is down (administratively up)"
    assert (incident["ci"]["code"], incident["origin"], incident["severity"]) == (item["code"], "monitoring", "major")
    assert incident["labels"]["ifIndex"] == "3"

    device.v2c(LINK_UP, *interface(3))
    wait_until(lambda: site.get("/api/v1/incidents", state="restored")["items"] != [], "the recovery")
    assert [one["id"] for one in site.get("/api/v1/incidents", state="all")["items"]] == [incident["id"]]
    [started] = events(site, "coldStart")
    assert (started["target"], started["ci"]["code"]) == ("core-1", item["code"])
    wait_until(
        lambda: (
            [one["value"][1] for one in site.query('snmp_traps_received_total{instance="core-1",name="linkDown"}')]
            == ["3"]
        ),
        "the count",
    )


def test_events_survive_an_outage_of_the_collector_and_the_receiver_ends_with_a_killed_agent(
    site: Site, device: Snmptrap, agent: Agent
) -> None:
    wait_until(lambda: "receiving traps" in agent.process.log(), "the receiver")
    [receiver] = receivers(agent.process.pid)
    site.collector.stop()
    device.v2c(LINK_DOWN, *interface(7, "Gi0/7"))
    wait_until(lambda: "collector does not take events" in agent.process.log(), "an attempt")
    agent.process.kill()
    wait_until(lambda: not _alive(receiver), "the receiver's end")
    site.start()
    agent.process.start()
    wait_until(lambda: len(events(site, "linkDown")) == 1, "the event")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
