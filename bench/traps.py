"""What 1,000 traps a second cost, and whether polling is late for them.

    .venv/bin/python bench/traps.py

Traps of version 2c with four objects come from ten addresses of loopback, all linkDown and linkUp in turn, so
that few are repeats, for ten seconds: with the limits as they are by default, and with limits that let all through.
Meanwhile the agent's runner polls a simulated switch as 20 targets once a second each.
Target: polls are not later than without.
"""

# ruff: noqa: E402 - as a script this file would hide the package that it measures, so its folder leaves the path first

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:] = [str(_HERE.parent), *(entry for entry in sys.path if Path(entry).resolve() != _HERE)]

import asyncio
import contextlib
import multiprocessing
import multiprocessing.connection
import socket
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.config.traps import TrapsConfig
from agent.probes.snmp import SnmpProbe
from agent.runner import Runner
from agent.sample import Sample
from agent.schedule import slot
from agent.snmp.ber import encode_oid, integer, octets, sequence, tlv
from agent.snmp.target import Target as Device
from agent.target import Target
from agent.traps.supervisor import Supervisor
from agent.traps.wire import Setup, Stats
from core.clock import SystemClock
from core.facts import EventReport
from core.spool.spool import Limits, Spool
from tests.servers import device
from tests.servers.ports import free_port
from tests.servers.switch import switch_mib

RATE, SECONDS = 1000, 10
SOURCES = 10
TARGETS = 20
SETTLE_SECONDS = 3


def main() -> None:
    defaults = TrapsConfig()
    with tempfile.TemporaryDirectory(prefix="forewatch-bench-") as name, _switch() as port:
        run = _Run(Path(name), port)
        quiet = asyncio.run(run.measure("quiet", None))
        asyncio.run(run.measure("limits by default", defaults, quiet))
        asyncio.run(run.measure("no limits", TrapsConfig(rate=10_000, burst=100_000, total_rate=10_000), quiet))


@dataclass
class _Run:
    folder: Path
    device_port: int

    async def measure(self, name: str, limits: TrapsConfig | None, quiet: list[float] | None = None) -> list[float]:
        """Poll, with a flood of traps if there are limits for it; returns by how many ms polls were late."""
        clock, late, events = SystemClock(), list[float](), list[EventReport]()
        targets = [self._target(n, clock, late) for n in range(TARGETS)]
        spool = Spool(self.folder / name, Limits(max_age_ms=10**8, max_bytes=2**28))
        runner = Runner(targets, spool, clock, agent="bench", max_samples=2000)
        port = free_port(socket.SOCK_DGRAM)
        supervisor = Supervisor(_setup(port, self.folder, limits or TrapsConfig()), events.append, clock)
        running = [asyncio.ensure_future(supervisor.run())]
        while not supervisor.ready:
            await asyncio.sleep(0.05)
        running.append(asyncio.ensure_future(runner.run()))
        await asyncio.sleep(SETTLE_SECONDS)
        late.clear()
        cpu = supervisor.stats.cpu_seconds if supervisor.stats else 0.0
        sender = multiprocessing.get_context("spawn").Process(target=send, args=(port,))
        if limits is not None:
            sender.start()
        await asyncio.sleep(SECONDS + SETTLE_SECONDS)
        told, stats = list(late), supervisor.stats
        for part in running:
            part.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if limits is not None:
            await asyncio.to_thread(sender.join)
        spool.close()
        assert stats is not None, "the receiver ran"
        _say(name, stats, cpu, len(events), told, quiet)
        return told

    def _target(self, number: int, clock: SystemClock, late: list[float]) -> Target:
        name = f"switch-{number}"
        probe = SnmpProbe(Device("127.0.0.1", self.device_port), clock)
        due = slot("bench", "snmp", name, 1000).offset_ms
        return Target("snmp", name, _Timed(probe, clock, due, late), 1.0, 0.9)


@dataclass
class _Timed:
    """Notes how late each collection begins."""

    probe: SnmpProbe
    clock: SystemClock
    offset_ms: int
    late: list[float]

    async def collect(self) -> Iterable[Sample]:
        self.late.append((time.time() * 1000 - self.offset_ms) % 1000)
        return await self.probe.collect()


def _say(name: str, stats: Stats, cpu: float, events: int, late: list[float], quiet: list[float] | None) -> None:
    if quiet is not None:
        used, taken = stats.cpu_seconds - cpu, sum(count for *_, count in stats.received)
        limited = sum(stats.dropped.get(reason, 0) for reason in ("source_rate", "total_rate"))
        queue = stats.dropped.get("queue", 0)
        print(
            f"{name}: {stats.messages} of {RATE * SECONDS} came, {queue} were too many for the queue; "
            f"{taken} taken, {limited} limited; {events} events; "
            f"receiver {used:.2f} s CPU in {SECONDS} s ({1e3 * used / max(taken, 1):.2f} ms a trap taken), "
            f"{stats.resident_bytes / 1e6:.0f} MB"
        )
    told = f"{name}: {len(late)} polls begun, late by {_figures(late)}"
    print(f"{told}; without traps {_figures(quiet)}" if quiet else told, flush=True)


def _figures(late: list[float]) -> str:
    ordered = sorted(late)
    p99 = ordered[int(len(ordered) * 0.99)]
    return f"median {statistics.median(late):.1f} ms, p99 {p99:.1f} ms, most {ordered[-1]:.1f} ms"


def _setup(port: int, folder: Path, limits: TrapsConfig) -> Setup:
    return Setup(
        host="127.0.0.1", port=port, communities=["public"], senders=[],
        names={f"127.0.1.{n}": f"sw-{n}" for n in range(SOURCES)}, allow=[], relays=[], rate=limits.rate,
        burst=limits.burst, total_rate=limits.total_rate, repeat_seconds=float(limits.repeat),
        expire_seconds=float(limits.expire), catalogue=None, state_dir=str(folder / "traps"),
    )  # fmt: skip


def send(port: int) -> None:
    """`RATE` traps a second for `SECONDS`, by turns from each source."""
    sockets = []
    for n in range(SOURCES):
        sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sockets[-1].bind((f"127.0.1.{n}", 0))
    began = time.monotonic()
    for n in range(RATE * SECONDS):
        wait = began + n / RATE - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        sockets[n % SOURCES].sendto(_trap(n), ("127.0.0.1", port))


def _trap(n: int) -> bytes:
    down, index = n // SOURCES % 2 == 0, n // SOURCES // 2 % 48 + 1
    column = "1.3.6.1.2.1.2.2.1"
    varbinds = [
        ("1.3.6.1.2.1.1.3.0", tlv(0x43, b"\x01\x00")),
        ("1.3.6.1.6.3.1.1.4.1.0", encode_oid("1.3.6.1.6.3.1.1.5." + ("3" if down else "4"))),
        (f"{column}.1.{index}", integer(index)),
        (f"{column}.7.{index}", integer(1)),
        (f"{column}.8.{index}", integer(2 if down else 1)),
        (f"{column}.2.{index}", octets(f"GigabitEthernet0/{index}".encode())),
    ]
    bound = sequence(*(sequence(encode_oid(oid), value) for oid, value in varbinds))
    pdu = tlv(0xA7, integer(n) + integer(0) + integer(0) + bound)
    return sequence(integer(1), octets(b"public"), pdu)


@contextlib.contextmanager
def _switch() -> Iterator[int]:
    """The port of a simulated switch, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join(10)


def serve(pipe: multiprocessing.connection.Connection) -> None:
    """Answer until told to end."""
    with device.Device(switch_mib(4)) as switch:
        pipe.send(switch.port)
        pipe.recv()


if __name__ == "__main__":
    main()
