"""What the agent tells a service manager, over the socket that sd_notify(3) describes."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.service import watched
from core.clock import ManualClock


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


def heard(manager: socket.socket) -> list[bytes]:
    """What was said since the last time."""
    said = []
    while True:
        try:
            said.append(manager.recv(4096))
        except BlockingIOError:
            return said


def of(manager: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(manager.getsockname()), **more}


async def test_ready_is_said_at_the_start_and_stopping_at_the_end(manager: socket.socket) -> None:
    async with watched(ManualClock(), of(manager)):
        assert heard(manager) == [b"READY=1"]
    assert heard(manager) == [b"STOPPING=1"]


async def test_a_turning_loop_gives_signs_of_life_four_times_in_the_watchdogs_time(manager: socket.socket) -> None:
    clock = ManualClock()
    async with watched(clock, of(manager, WATCHDOG_USEC="120000000", WATCHDOG_PID=str(os.getpid()))):
        heard(manager)
        for _ in range(4):
            await clock.advance(30)
        assert heard(manager) == [b"WATCHDOG=1"] * 4


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="no watchdog is set"),
        pytest.param({"WATCHDOG_USEC": "0"}, id="it is switched off"),
        pytest.param({"WATCHDOG_USEC": "soon"}, id="it is no number"),
        pytest.param({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}, id="another process is watched"),
    ],
)
async def test_nobody_who_does_not_watch_is_told_signs_of_life(
    manager: socket.socket, environment: dict[str, str]
) -> None:
    clock = ManualClock()
    async with watched(clock, of(manager, **environment)):
        heard(manager)
        await clock.advance(3600)
        assert heard(manager) == []


async def test_an_abstract_address_begins_with_an_at_sign() -> None:
    name = f"forewatch-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        async with watched(ManualClock(), {"NOTIFY_SOCKET": f"@{name}"}):
            assert listening.recv(4096) == b"READY=1"


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="no service manager"),
        pytest.param({"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": "1000000"}, id="its socket is gone"),
    ],
)
async def test_the_agent_runs_on_where_nobody_listens(environment: dict[str, str]) -> None:
    clock = ManualClock()
    async with watched(clock, environment):
        await asyncio.sleep(0)
        await clock.advance(10)
