"""Memory by NUMA node, from `/sys/devices/system/node` (the kernel's ABI document sysfs-devices-node)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.sample import Family, Sample, Series

_FOLDER = "devices/system/node"
_NODE = re.compile(r"node(\d+)")
_LINE = re.compile(r"Node \d+ ([^:]+):\s+(\d+)( kB)?")
_ODD = re.compile(r"[()]+")
_KIB = 1024


def parse_node_meminfo(text: str) -> dict[str, int]:
    """Bytes by field, of `Node 0 Active(anon):  8 kB` as `Active_anon`; huge pages are numbers."""
    return {
        _ODD.sub("_", name).strip("_"): int(number) * (_KIB if unit else 1)
        for name, number, unit in _LINE.findall(text)
    }


def parse_numastat(text: str) -> dict[str, int]:
    """Numbers by field, `numa_hit 12`."""
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


class NumaCollector:
    """`node_memory_numa_…{node}`; hits, misses and the like end in `_total`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys

    async def collect(self) -> list[Sample]:
        return [sample for name in self._files.names(_FOLDER) for sample in self._node(name)]

    def _node(self, name: str) -> Iterator[Sample]:
        found = _NODE.fullmatch(name)
        if found is None:
            return
        own = (("node", found[1]),)
        for field, number in parse_node_meminfo(self._files.text(f"{_FOLDER}/{name}/meminfo")).items():
            yield Sample(
                Series(Family(f"node_memory_numa_{field}", "gauge", f"Memory of a node: {field}."), own), number
            )
        for field, number in parse_numastat(self._files.text(f"{_FOLDER}/{name}/numastat")).items():
            family = Family(f"node_memory_numa_{field}_total", "counter", f"Pages of a node: {field}.")
            yield Sample(Series(family, own), number)
