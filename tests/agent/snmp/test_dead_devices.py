"""Many dead devices beside living ones in one agent: the living are read at their times."""

from __future__ import annotations

import asyncio
import socket
import statistics
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from agent.probes.snmp import SnmpProbe
from agent.runner import Runner
from agent.sample import Sample
from agent.snmp.target import Budget
from agent.snmp.target import Target as Device
from agent.snmp.user import AuthProtocol, User
from agent.target import Target
from core.clock import SystemClock
from core.spool.spool import Limits, Spool
from tests.servers import ber
from tests.servers.device import Device as Living

DEAD, GOOD = 200, 50
INTERVAL_SECONDS = 1.5
LIMIT_SECONDS = 1.4
SECONDS = 5.0
MIB = {"1.3.6.1.2.1.1.3.0": ber.ticks(7), "1.3.6.1.2.1.1.5.0": ber.octets(b"core")}


class Timed:
    """A probe, and how long each of its collections took."""

    def __init__(self, probe: SnmpProbe) -> None:
        self.probe = probe
        self.seconds: list[float] = []

    async def collect(self) -> Iterable[Sample]:
        loop = asyncio.get_running_loop()
        started = loop.time()
        samples = await self.probe.collect()
        self.seconds.append(loop.time() - started)
        return samples


def silent_device(number: int, port: int) -> Device:
    """Every third of version 3, where the engine is never discovered."""
    user = User("monitor", AuthProtocol.SHA, "maplesyrup") if number % 3 == 0 else None
    version = "3" if user else ("1", "2c")[number % 2]
    return Device("127.0.0.1", port, version=version, timeout_seconds=0.3, retries=1, user=user)


async def test_two_hundred_dead_devices_delay_none_of_fifty_good_ones(tmp_path: Path) -> None:
    clock = SystemClock()
    spool = Spool(tmp_path, Limits(max_age_ms=86_400_000, max_bytes=2**26))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silence, Living(MIB) as living:
        silence.bind(("127.0.0.1", 0))
        dead = [
            SnmpProbe(silent_device(n, silence.getsockname()[1]), clock, Budget(LIMIT_SECONDS * 0.9))
            for n in range(DEAD)
        ]
        good = [
            Timed(SnmpProbe(Device("127.0.0.1", living.port), clock, Budget(LIMIT_SECONDS * 0.9))) for _ in range(GOOD)
        ]
        for probe in good:
            await probe.probe.collect()  # the full readings are done before the dead ones come in
        targets = [
            *(Target("dead", f"dead-{n}", probe, INTERVAL_SECONDS, LIMIT_SECONDS) for n, probe in enumerate(dead)),
            *(Target("good", f"good-{n}", probe, INTERVAL_SECONDS, LIMIT_SECONDS) for n, probe in enumerate(good)),
        ]
        runner = Runner(targets, spool, clock, agent="web-1", max_samples=2000)
        with suppress(TimeoutError):
            await asyncio.wait_for(runner.run(), SECONDS)
    spool.close()
    polls = Counter(len(probe.seconds) for probe in good)
    assert min(polls) >= int(SECONDS / INTERVAL_SECONDS) - 1 >= 2, f"polls of the good ones: {polls}"
    assert {job for job, _ in runner.counts.failures} == {"dead"}
    assert {failure for _, failure in runner.counts.failures} == {"timeout"}
    typical = statistics.median(second for probe in good for second in probe.seconds)
    assert typical < 0.3, "the dead ones wait, they do not work"
