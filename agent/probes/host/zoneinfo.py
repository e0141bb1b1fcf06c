"""Memory by zone, from `/proc/zoneinfo` (proc(5))."""

from __future__ import annotations

import re

from agent.probes.host.collector import Host
from agent.probes.host.rows import Rows
from agent.sample import Family, Sample, Series

_HEAD = re.compile(r"Node (\d+), zone\s+(\S+)")
# What the kernel says of a zone, and under what name; counters since boot end in `_total`.
_PAGES = {
    "nr_free_pages": "nr_free_pages",
    "min": "min_pages",
    "low": "low_pages",
    "high": "high_pages",
    "scanned": "scanned_pages",
    "spanned": "spanned_pages",
    "present": "present_pages",
    "managed": "managed_pages",
    "nr_active_anon": "nr_active_anon_pages",
    "nr_inactive_anon": "nr_inactive_anon_pages",
    "nr_isolated_anon": "nr_isolated_anon_pages",
    "nr_anon_pages": "nr_anon_pages",
    "nr_anon_transparent_hugepages": "nr_anon_transparent_hugepages",
    "nr_active_file": "nr_active_file_pages",
    "nr_inactive_file": "nr_inactive_file_pages",
    "nr_isolated_file": "nr_isolated_file_pages",
    "nr_file_pages": "nr_file_pages",
    "nr_slab_reclaimable": "nr_slab_reclaimable_pages",
    "nr_slab_unreclaimable": "nr_slab_unreclaimable_pages",
    "nr_mlock_stack": "nr_mlock_stack_pages",
    "nr_kernel_stack": "nr_kernel_stacks",
    "nr_mapped": "nr_mapped_pages",
    "nr_dirty": "nr_dirty_pages",
    "nr_writeback": "nr_writeback_pages",
    "nr_unevictable": "nr_unevictable_pages",
    "nr_shmem": "nr_shmem_pages",
}
_COUNTERS = {
    "nr_dirtied": "nr_dirtied_total",
    "nr_written": "nr_written_total",
    "numa_hit": "numa_hit_total",
    "numa_miss": "numa_miss_total",
    "numa_foreign": "numa_foreign_total",
    "numa_interleave": "numa_interleave_total",
    "numa_local": "numa_local_total",
    "numa_other": "numa_other_total",
}
FAMILIES = {
    **{word: Family(f"node_zoneinfo_{name}", "gauge", f"Of a zone: {name}.") for word, name in _PAGES.items()},
    **{word: Family(f"node_zoneinfo_{name}", "counter", f"Of a zone: {name}.") for word, name in _COUNTERS.items()},
}
_PROTECTION = "Pages kept from allocations that could use zone {}."
Zone = tuple[str, str, tuple[str, ...]]  # node, zone, words


def parse_zoneinfo(text: str) -> dict[Zone, list[int]]:
    """Numbers by zone; protections are the words `protection 0` and so on."""
    found = {}
    for part in re.split(r"^(?=Node )", text, flags=re.MULTILINE):
        head = _HEAD.match(part)
        if head is None:
            continue
        numbers: dict[str, int] = {}
        for line in part.split("\n")[1:]:
            words = line.split()
            if words[:1] == ["pagesets"]:
                break
            if words[:1] == ["protection:"]:
                levels = re.findall(r"\d+", line)
                numbers |= {f"protection {at}": int(level) for at, level in enumerate(levels)}
            elif len(words) > 1 and (name := " ".join(words[:-1])) in FAMILIES:
                numbers[name] = int(words[-1])
        found[head[1], head[2], tuple(numbers)] = list(numbers.values())
    return found


class ZoneinfoCollector:
    """`node_zoneinfo_…{node,zone}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._rows = Rows(_series)

    async def collect(self) -> list[Sample]:
        return self._rows.samples(parse_zoneinfo(self._files.text("zoneinfo")))


def _series(of: Zone) -> tuple[Series, ...]:
    node, zone, words = of
    own = (("node", node), ("zone", zone))
    return tuple(Series(FAMILIES.get(word) or _protection(word.split()[1]), own) for word in words)


def _protection(zone: str) -> Family:
    return Family(f"node_zoneinfo_protection_{zone}", "gauge", _PROTECTION.format(zone))
