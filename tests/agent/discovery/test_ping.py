"""Pings, in a network namespace of their own where some addresses answer and others do not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from agent.discovery.ping import Pinger
from agent.discovery.ports import class_by_ports
from tests.servers.require import require_program

NAMESPACE = f"forewatch-{os.getpid()}"


@pytest.fixture
def namespace() -> Iterator[str]:
    """10.99.7.1 and 10.99.7.3 are this host; whatever else goes to 10.99.7.0/29 is lost."""
    ip = require_program("ip", "iproute2")
    made = subprocess.run([ip, "netns", "add", NAMESPACE], check=False, capture_output=True)
    if made.returncode:
        pytest.skip(f"no network namespaces here: {made.stderr.decode(errors='replace').strip()}")
    try:
        for words in (
            "link set lo up", "link add d0 type veth peer name d1", "link set d0 up", "link set d1 up",
            "addr add 10.99.7.1/29 dev d0", "addr add 10.99.7.3/29 dev d0",
        ):  # fmt: skip
            subprocess.run([ip, "-n", NAMESPACE, *words.split()], check=True)
        yield NAMESPACE
    finally:
        subprocess.run([ip, "netns", "del", NAMESPACE], check=True)


def test_who_answers_a_ping_is_found_and_silence_costs_one_packet(namespace: str) -> None:
    command = [sys.executable, "-m", "forewatch.cli", "agent", "discover", "10.99.7.0/29", "--rate", "1000"]
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, *command, "--format", "json"], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one["addresses"] for one in found["devices"]] == [["10.99.7.1"], ["10.99.7.3"]]
    assert {one["found_by"] for one in found["devices"]} == {"icmp"}
    assert (found["asked"], found["answered"]) == (6, 2)
    # One ping each; of those who answer one community and the ports, which are closed.
    assert found["packets"] == 6 + 2 * (1 + 7)


async def test_this_host_answers_itself() -> None:
    pinger = Pinger()
    try:
        if not pinger.can(ip_address("127.0.0.1")):
            pytest.skip("this account may not ping")
        assert await pinger.ask(ip_address("127.0.0.1"), 2.0)
    finally:
        pinger.close()


PORTS = [
    ({3389}, "server", "a Windows host"),
    ({22, 9100}, "server", "SSH and node_exporter"),
    ({9100, 80}, "printer", "a printer's raw port"),
    ({554}, "camera", "RTSP"),
    ({22}, None, "anybody"),
    ({80, 443}, None, "anybody with a page"),
    (set(), None, "nothing open"),
]


@pytest.mark.parametrize(("ports", "expected", "why"), PORTS, ids=[case[2] for case in PORTS])
def test_open_ports_suggest_a_class(ports: set[int], expected: str | None, why: str) -> None:
    assert class_by_ports(ports) == expected
