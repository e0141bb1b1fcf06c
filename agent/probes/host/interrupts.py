"""Interrupts by CPU, from `/proc/interrupts` and `/proc/softirqs` (proc(5))."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.rows import Rows
from agent.probes.host.table import counter
from agent.sample import Sample, Series
from core.labels import labels

_INTERRUPTS = counter("node_interrupts_total", "Interrupts by CPU, line and device.")
_SOFT = counter("node_softirqs_functions_total", "Soft interrupts by CPU and kind.")

Line = tuple[str, str, str, int]  # type, info, devices, how many CPUs


def parse_interrupts(text: str) -> dict[Line, list[int]]:
    """Counts of each CPU in the order of the headings, by line.

    Numbered lines have a controller and devices behind the counts, the others what they are; `ERR` and `MIS` are one
    number for all CPUs and are not told.
    """
    head, *lines = text.split("\n")
    cpus = len(head.split())
    found = {}
    for line in lines:
        name, _, rest = line.strip().partition(":")
        words = rest.split(None, cpus)
        if len(words) < cpus:
            continue
        counts, behind = list(map(int, words[:cpus])), words[cpus].split() if len(words) > cpus else []
        if name.isdecimal() and behind:
            info, devices = behind[0], " ".join(behind[1:])
        else:
            info, devices = " ".join(behind), ""
        found[name, info, devices, cpus] = counts
    return found


def parse_softirqs(text: str) -> dict[tuple[str, int], list[int]]:
    """Counts of each CPU by kind."""
    found = {}
    for line in filter(None, text.split("\n")[1:]):
        name, _, rest = line.strip().partition(":")
        counts = list(map(int, rest.split()))
        found[name, len(counts)] = counts
    return found


class InterruptsCollector:
    """`node_interrupts_total{cpu,type,info,devices}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._rows = Rows(_interrupts)

    async def collect(self) -> list[Sample]:
        return self._rows.samples(parse_interrupts(self._files.text("interrupts")))


class SoftirqsCollector:
    """`node_softirqs_functions_total{cpu,type}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._rows = Rows(_softirqs)

    async def collect(self) -> list[Sample]:
        return self._rows.samples(parse_softirqs(self._files.text("softirqs")))


def _interrupts(line: Line) -> tuple[Series, ...]:
    name, info, devices, cpus = line
    own = labels(type=name, info=info, devices=devices)
    return tuple(Series(_INTERRUPTS, labels(own, cpu=str(cpu))) for cpu in range(cpus))


def _softirqs(line: tuple[str, int]) -> tuple[Series, ...]:
    return tuple(Series(_SOFT, (("cpu", str(cpu)), ("type", line[0]))) for cpu in range(line[1]))
