"""Free blocks of memory by size, from `/proc/buddyinfo` (proc(5))."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.rows import Rows
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_BLOCKS = gauge("node_buddyinfo_blocks", "Free blocks of 2^size pages.")
Place = tuple[str, str, int]  # node, zone, how many sizes


def parse_buddyinfo(text: str) -> dict[Place, list[int]]:
    """Free blocks by size; a line is `Node 0, zone Normal 4381 1093 …`."""
    found = {}
    for line in filter(None, text.split("\n")):
        node, _, rest = line.removeprefix("Node ").partition(", zone")
        zone, *blocks = rest.split()
        found[node, zone, len(blocks)] = list(map(int, blocks))
    return found


class BuddyinfoCollector:
    """`node_buddyinfo_blocks{node,zone,size}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._rows = Rows(_series)

    async def collect(self) -> list[Sample]:
        return self._rows.samples(parse_buddyinfo(self._files.text("buddyinfo")))


def _series(place: Place) -> tuple[Series, ...]:
    node, zone, sizes = place
    return tuple(Series(_BLOCKS, (("node", node), ("size", str(size)), ("zone", zone))) for size in range(sizes))
