"""The scheduler's accounts, from `/proc/schedstat` (the kernel's scheduler/sched-stats document)."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.rows import Rows
from agent.probes.host.table import counter
from agent.sample import Sample, Series

_NANOSECONDS = 1e9
_FAMILIES = (
    counter("node_schedstat_running_seconds_total", "Seconds that tasks ran on a CPU."),
    counter("node_schedstat_waiting_seconds_total", "Seconds that tasks waited for a CPU."),
    counter("node_schedstat_timeslices_total", "Time slices that a CPU gave."),
)
_COLUMNS = 10


def parse_schedstat(text: str) -> dict[str, tuple[float, float, float]]:
    """Seconds run, seconds waited and slices by CPU: the seventh to ninth number of its line."""
    found = {}
    for line in text.split("\n"):
        words = line.split()
        if words and words[0].startswith("cpu") and len(words) >= _COLUMNS:
            running, waiting, slices = map(int, words[7:10])
            found[words[0][3:]] = (running / _NANOSECONDS, waiting / _NANOSECONDS, float(slices))
    return found


class SchedstatCollector:
    """`node_schedstat_…{cpu}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._rows = Rows[str](lambda cpu: tuple(Series(family, (("cpu", cpu),)) for family in _FAMILIES))

    async def collect(self) -> list[Sample]:
        return self._rows.samples(parse_schedstat(self._files.text("schedstat")))
