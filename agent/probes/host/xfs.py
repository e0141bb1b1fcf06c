"""XFS file systems' counters, from `/sys/fs/xfs/*/stats/stats` (the kernel's fs/xfs/xfs_stats.h)."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.rows import Rows
from agent.probes.host.table import counter
from agent.sample import Family, Sample, Series

_FOLDER = "fs/xfs"


def _families(prefix: str, *whats: str) -> tuple[Family, ...]:
    names = (f"{prefix}_{what}" for what in whats)
    return tuple(counter(f"node_xfs_{name}_total", f"XFS: {name.replace('_', ' ')}.") for name in names)


_BTREE = ("lookups", "compares", "records_inserted", "records_deleted")
# By the first word of a line what its first numbers are. Of `rw` the kernel has writes first.
LINES = {
    "extent_alloc": _families(
        "extent_allocation", "extents_allocated", "blocks_allocated", "extents_freed", "blocks_freed"
    ),
    "abt": _families("allocation_btree", *_BTREE),
    "blk_map": _families(
        "block_mapping", "reads", "writes", "unmaps", "extent_list_insertions", "extent_list_deletions",
        "extent_list_lookups", "extent_list_compares",
    ),
    "bmbt": _families("block_map_btree", *_BTREE),
    "dir": _families("directory_operation", "lookup", "create", "remove", "getdents"),
    "ig": _families(
        "inode_operation", "attempts", "found", "recycled", "missed", "duplicates", "reclaims", "attribute_changes"
    ),
    "rw": _families("write", "calls") + _families("read", "calls"),
    "vnodes": _families("vnode", "active", "allocate", "get", "hold", "release", "reclaim", "remove"),
}  # fmt: skip
_FAMILIES = tuple(family for families in LINES.values() for family in families)


def parse_xfs(text: str) -> list[float]:
    """The families' values in their order.

    Raises:
        ValueError: a line is missing or short.
    """
    lines = {word: numbers for word, *numbers in map(str.split, filter(None, text.split("\n")))}
    values: list[float] = []
    for word, families in LINES.items():
        numbers = lines.get(word, [])[: len(families)]
        if len(numbers) < len(families):
            raise ValueError(f"XFS statistics have {len(numbers)} numbers for {word}, expected {len(families)}")
        values += map(float, numbers)
    return values


class XfsCollector:
    """`node_xfs_…_total{device}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._rows = Rows[str](lambda device: tuple(Series(family, (("device", device),)) for family in _FAMILIES))

    async def collect(self) -> list[Sample]:
        values = {}
        for device in self._devices():
            try:
                values[device] = parse_xfs(self._files.text(f"{_FOLDER}/{device}/stats/stats"))
            except OSError:
                continue  # it was unmounted meanwhile
        return self._rows.samples(values)

    def _devices(self) -> list[str]:
        try:
            # `stats` is the sum of all, `debug` no file system.
            return [name for name in self._files.names(_FOLDER) if name not in ("stats", "debug")]
        except FileNotFoundError:
            return []
