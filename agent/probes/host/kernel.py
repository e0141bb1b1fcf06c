"""Kernel totals since boot, from `/proc/stat` (proc(5))."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.sample import Family, Sample, Series

_SERIES = {
    "intr": Series(Family("node_intr_total", "counter", "Interrupts serviced.")),
    "ctxt": Series(Family("node_context_switches_total", "counter", "Context switches.")),
    "processes": Series(Family("node_forks_total", "counter", "Processes and threads created.")),
    "btime": Series(Family("node_boot_time_seconds", "gauge", "When the system was started, in Unix time.")),
    "procs_running": Series(Family("node_procs_running", "gauge", "Threads that run or could run.")),
    "procs_blocked": Series(Family("node_procs_blocked", "gauge", "Threads waiting for disk input or output.")),
}


def parse_stat(text: str) -> dict[str, int]:
    """The single numbers of `/proc/stat` by name; of `intr`, which goes on with every interrupt, the sum."""
    found = {}
    for line in text.splitlines():
        name, _, rest = line.partition(" ")
        if name in _SERIES:
            found[name] = int(rest.partition(" ")[0])
    return found


class StatCollector:
    """Boot time, forks, interrupts, context switches, threads running and blocked."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc

    async def collect(self) -> list[Sample]:
        return [Sample(_SERIES[name], value) for name, value in parse_stat(self._files.text("stat")).items()]
