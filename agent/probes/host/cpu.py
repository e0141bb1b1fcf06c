"""CPU time per CPU and mode, from `/proc/stat` (proc(5)), and how often heat slowed them down."""

from __future__ import annotations

import os

from agent.probes.host.collector import Host
from agent.probes.host.rows import Rows
from agent.probes.host.throttle import Throttles
from agent.sample import Family, Sample, Series

_SECONDS = Family("node_cpu_seconds_total", "counter", "Seconds each CPU spent in each mode.")
_GUEST = Family("node_cpu_guest_seconds_total", "counter", "Seconds each CPU spent running guests, by mode.")
_MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_GUEST_MODES = ("user", "nice")
_IDLE = _MODES.index("idle")
_RESTART_SECONDS = 3


def parse_cpus(text: str) -> dict[str, list[int]]:
    """Clock ticks by CPU number, in the order of the file's columns, without the line of the sum."""
    cpus = {}
    for line in text.splitlines():
        if not line.startswith("cpu"):
            break  # they stand first
        name, *ticks = line.split()
        if name != "cpu":
            cpus[name[3:]] = list(map(int, ticks))
    if not cpus:
        raise ValueError("/proc/stat has no line for any CPU")
    return cpus


def never_backwards(before: list[int], now: list[int], ticks_per_second: int) -> list[int]:
    """Now's ticks, but none less than before's: iowait and idle are estimates that the kernel may take back.

    An idle time that falls by seconds means that the CPU was off-line and its counters started anew.
    """
    if len(before) != len(now) or now[_IDLE] + _RESTART_SECONDS * ticks_per_second < before[_IDLE]:
        return now
    return list(map(max, before, now))


class CpuCollector:
    """`node_cpu_seconds_total{cpu,mode}`, `node_cpu_guest_seconds_total{cpu,mode}`, `node_cpu_…_throttles_total`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._rows = Rows(_series)
        self._throttles = Throttles(host.sys)
        self._before: dict[str, list[int]] = {}
        self._ticks_per_second = os.sysconf("SC_CLK_TCK")

    async def collect(self) -> list[Sample]:
        per_second = self._ticks_per_second
        before, cpus = self._before, parse_cpus(self._files.text("stat"))
        for cpu, ticks in cpus.items():
            cpus[cpu] = never_backwards(before.get(cpu, ticks), ticks, per_second)
        self._before = cpus
        seconds = {cpu: [tick / per_second for tick in ticks] for cpu, ticks in cpus.items()}
        return self._rows.samples(seconds) + self._throttles.samples(cpus)


def _series(cpu: str) -> tuple[Series, ...]:
    modes = tuple(Series(_SECONDS, (("cpu", cpu), ("mode", mode))) for mode in _MODES)
    return modes + tuple(Series(_GUEST, (("cpu", cpu), ("mode", mode))) for mode in _GUEST_MODES)
