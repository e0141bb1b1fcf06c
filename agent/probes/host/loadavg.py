"""Load averages, from `/proc/loadavg` (proc(5))."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.sample import Family, Sample, Series, pair

_SERIES = tuple(
    Series(Family(f"node_load{minutes}", "gauge", f"Threads running or waiting for disk, averaged over {minutes} min."))
    for minutes in (1, 5, 15)
)


def parse_loadavg(text: str) -> tuple[float, float, float]:
    """The averages over 1, 5 and 15 minutes."""
    one, five, fifteen = text.split()[:3]
    return float(one), float(five), float(fifteen)


class LoadavgCollector:
    """`node_load1`, `node_load5`, `node_load15`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc

    async def collect(self) -> list[Sample]:
        return list(pair(_SERIES, parse_loadavg(self._files.text("loadavg"))))
