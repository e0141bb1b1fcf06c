"""The kernel's caches of objects, from `/proc/slabinfo` (slabinfo(5)); for root only."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.rows import Rows
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_FAMILIES = (
    gauge("node_slabinfo_active_objects", "Objects in use."),
    gauge("node_slabinfo_objects", "Objects in memory."),
    gauge("node_slabinfo_object_size_bytes", "Size of an object."),
    gauge("node_slabinfo_objects_per_slab", "Objects of a slab."),
    gauge("node_slabinfo_pages_per_slab", "Pages of a slab."),
)


def parse_slabinfo(text: str) -> dict[str, list[int]]:
    """The families' values by cache.

    Raises:
        ValueError: it is not version 2 of the format.
    """
    head, _, rest = text.partition("\n")
    if not head.startswith("slabinfo - version: 2."):
        raise ValueError(f"unknown format of slabinfo: {head[:60]!r}")
    rows = (line.split() for line in rest.split("\n") if line and not line.startswith("#"))
    return {row[0]: list(map(int, row[1:6])) for row in rows}


class SlabinfoCollector:
    """`node_slabinfo_…{slab}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._rows = Rows[str](lambda slab: tuple(Series(family, (("slab", slab),)) for family in _FAMILIES))

    async def collect(self) -> list[Sample]:
        return self._rows.samples(parse_slabinfo(self._files.text("slabinfo")))
