"""The agent as a process of its own, against a collector on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agent import process
from tests.agent.collector import FakeCollector, Received
from tests.servers.ports import free_port

ROOT = Path(__file__).parents[2]


class Agent:
    """`forewatch agent run`; its log goes to a file."""

    def __init__(self, folder: Path, url: str, more: str = "") -> None:
        self.config = folder / "agent.yaml"
        self.config.write_text(f"name: web-1\ncollector: {{url: '{url}'}}\ndata_dir: data\ninterval: 1s\n{more}")
        self.log = folder / "agent.log"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "forewatch.cli", "agent", "run", "--config", str(self.config)],
                cwd=ROOT, stderr=log,
            )  # fmt: skip

    def resident_mib(self) -> float:
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def end(self, number: signal.Signals) -> tuple[int, float]:
        """Exit status and how many seconds it took."""
        start = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(10), time.monotonic() - start


@pytest.fixture
async def collector() -> AsyncIterator[FakeCollector]:
    fake = FakeCollector()
    yield fake
    if fake.server is not None:
        await fake.stop()


@contextlib.asynccontextmanager
async def agent(folder: Path, url: str, more: str = "") -> AsyncIterator[Agent]:
    started = Agent(folder, url, more)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
            started.process.wait()


async def until(condition: Callable[[], bool], running: Agent, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert running.process.poll() is None, running.log.read_text()
        assert time.monotonic() < deadline, running.log.read_text()
        await asyncio.sleep(0.02)


def pushes(collector: FakeCollector) -> list[Received]:
    return [one for one in collector.received if one.path.endswith("/write")]


def numbers(collector: FakeCollector) -> list[tuple[str, int]]:
    return [(one.headers["Forewatch-Boot"], int(one.headers["Forewatch-Sequence"])) for one in pushes(collector)]


async def test_an_agent_reports_pushes_and_stops_quickly_with_nothing_left(
    collector: FakeCollector, tmp_path: Path
) -> None:
    await collector.start()
    async with agent(tmp_path, collector.url) as running:
        await until(lambda: len(pushes(collector)) >= 4, running)
        assert any(one.path == "/api/v1/agents/report" for one in collector.received)
        status, seconds = await asyncio.to_thread(running.end, signal.SIGTERM)
    assert status == 0
    assert seconds < 5
    assert [number for _, number in numbers(collector)] == list(range(1, len(pushes(collector)) + 1))
    assert "waiting_records=0" in running.log.read_text().splitlines()[-1]
    assert list((tmp_path / "data/spool").glob("*.spool")) == []


async def test_sigint_stops_it_while_the_collector_hangs(collector: FakeCollector, tmp_path: Path) -> None:
    collector.answers = [None] * 100
    await collector.start()
    async with agent(tmp_path, collector.url) as running:
        await until(lambda: len(pushes(collector)) >= 1, running)
        status, seconds = await asyncio.to_thread(running.end, signal.SIGINT)
    assert status == 0
    assert seconds < 5


async def test_an_outage_and_a_kill_lose_nothing_and_keep_the_order(collector: FakeCollector, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    spool = tmp_path / "data/spool"

    def spooled() -> int:
        return sum(path.stat().st_size for path in spool.glob("*.spool"))

    async with agent(tmp_path, url) as running:
        await until(lambda: spooled() > 10_000, running)
        running.process.kill()
        running.process.wait()
    async with agent(tmp_path, url) as running:
        await until(lambda: len(list(spool.glob("*.spool"))) == 2, running)
        await collector.start_at(port)
        await until(lambda: len({boot for boot, _ in numbers(collector)}) == 2, running, seconds=70)
        await asyncio.to_thread(running.end, signal.SIGTERM)
    first, second = dict.fromkeys(boot for boot, _ in numbers(collector))
    for boot in (first, second):
        assert [number for of, number in numbers(collector) if of == boot] == list(
            range(1, sum(of == boot for of, _ in numbers(collector)) + 1)
        )
    assert [boot for boot, _ in numbers(collector)] == sorted(
        (boot for boot, _ in numbers(collector)), key=[first, second].index
    )


async def test_a_spool_in_use_ends_the_second_agent_with_the_reason(collector: FakeCollector, tmp_path: Path) -> None:
    await collector.start()
    async with agent(tmp_path, collector.url) as running:
        await until(lambda: len(pushes(collector)) >= 1, running)
        second = Agent(tmp_path, collector.url)
        assert await asyncio.to_thread(second.process.wait, 10) == 1
        assert "is in use by another process" in second.log.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_an_agent_with_host_and_snmp_stays_within_its_memory(collector: FakeCollector, tmp_path: Path) -> None:
    await collector.start()
    snmp = f"""\
snmp:
  timeout: 100ms
  retries: 0
  credentials: {{lab: {{community: public}}}}
  targets: [{{name: core-1, address: '127.0.0.1:{free_port()}', credential: lab}}]
"""
    async with agent(tmp_path, collector.url, snmp) as running:
        await until(lambda: len(pushes(collector)) >= 9, running)
        assert running.resident_mib() <= 45


async def test_a_part_that_fails_ends_the_others_and_says_why() -> None:
    ended: list[str] = []

    async def for_ever() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("other")

    async def broken() -> None:
        await asyncio.sleep(0)
        raise RuntimeError("a bug")

    staying = asyncio.ensure_future(asyncio.sleep(3600))
    with pytest.raises(RuntimeError, match="a bug"):
        await process._until(asyncio.Event(), staying, for_ever(), broken())
    assert ended == ["other"]
    assert not staying.done()
    staying.cancel()


async def test_a_data_folder_that_cannot_be_used_ends_it_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    async with agent(tmp_path, "http://127.0.0.1:1") as running:
        assert await asyncio.to_thread(running.process.wait, 10) == 1
        assert "data/spool cannot be used: Not a directory" in running.log.read_text()
