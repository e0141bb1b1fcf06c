"""How many control groups there are, from `/proc/cgroups` (cgroups(7))."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.rows import Rows
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_FAMILIES = (
    gauge("node_cgroups_cgroups", "Control groups of a subsystem."),
    gauge("node_cgroups_enabled", "Whether a subsystem is in use."),
)


def parse_cgroups(text: str) -> dict[str, tuple[int, int]]:
    """Groups, and whether it is enabled, by subsystem: name, hierarchy, groups, enabled."""
    rows = (line.split() for line in text.split("\n") if line and not line.startswith("#"))
    return {name: (int(groups), int(enabled)) for name, _, groups, enabled in rows}


class CgroupsCollector:
    """`node_cgroups_cgroups{subsys_name}`, `node_cgroups_enabled{subsys_name}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._rows = Rows[str](lambda name: tuple(Series(family, (("subsys_name", name),)) for family in _FAMILIES))

    async def collect(self) -> list[Sample]:
        return self._rows.samples(parse_cgroups(self._files.text("cgroups")))
