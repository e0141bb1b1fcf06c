"""Names of devices: silent name servers delay nobody, and nothing when the agent stops."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.resolve import resolve
from agent.snmp.target import Target


class NameServer:
    """Answers with `addresses`, each after `release`, and counts what it is asked."""

    def __init__(self) -> None:
        self.addresses = {"core-1": "10.0.0.1", "core-2": "10.0.0.2"}
        self.silent: set[str] = set()
        self.release = threading.Event()
        self.asked: list[str] = []

    def __call__(self, name: str, *_rest: object, **_options: object) -> list[Any]:
        self.asked.append(name)
        if name in self.silent:
            self.release.wait(20)
        if name not in self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (self.addresses[name], 0))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server)
    yield server
    server.release.set()


def target(name: str, timeout_seconds: float = 5) -> Target:
    return Target(name, timeout_seconds=timeout_seconds, retries=0)


async def test_literal_addresses_are_not_looked_up(names: NameServer) -> None:
    assert await resolve(target("10.0.0.9"), None) == "10.0.0.9"
    assert await resolve(target("fd00::1"), None) == "fd00::1"
    assert names.asked == []


async def test_name_that_moved_is_followed(names: NameServer) -> None:
    assert await resolve(target("core-1"), None) == "10.0.0.1"
    names.addresses["core-1"] = "10.0.0.77"
    assert await resolve(target("core-1"), "10.0.0.1") == "10.0.0.77"


async def test_name_that_is_gone_leads_where_it_led_before(names: NameServer) -> None:
    names.addresses.clear()
    assert await resolve(target("core-1"), "10.0.0.1") == "10.0.0.1"


async def test_silent_name_servers_are_a_named_failure_after_the_targets_own_time(names: NameServer) -> None:
    names.silent.add("core-1")
    with pytest.raises(SnmpError, match="the name servers do not answer") as raised:
        await resolve(target("core-1", timeout_seconds=0.05), None)
    assert raised.value.reason is SnmpFailure.UNREACHABLE


async def test_fifty_silent_names_delay_no_other(names: NameServer) -> None:
    silent = [f"dead-{number}" for number in range(50)]
    names.silent.update(silent)
    waiting = [asyncio.ensure_future(resolve(target(name), None)) for name in silent]
    await asyncio.sleep(0)
    started = time.monotonic()
    assert await resolve(target("core-2"), None) == "10.0.0.2"
    assert time.monotonic() - started < 2
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_name_is_asked_for_once_while_it_is_silent(names: NameServer) -> None:
    names.silent.add("core-1")
    for _ in range(5):
        with pytest.raises(SnmpError):
            await resolve(target("core-1", timeout_seconds=0.02), None)
    assert names.asked == ["core-1"]


def test_agent_stops_while_a_name_server_is_silent(names: NameServer) -> None:
    names.silent.add("core-1")

    async def give_up() -> None:
        with pytest.raises(SnmpError):
            await resolve(target("core-1", timeout_seconds=0.02), None)

    started = time.monotonic()
    asyncio.run(give_up())
    assert time.monotonic() - started < 5, "the thread that still waits is not waited for"
