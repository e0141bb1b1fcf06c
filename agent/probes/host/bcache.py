"""Block caches, from `/sys/fs/bcache` (the kernel's admin-guide/bcache document)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Column, Devices, Found, Number, columns, scaled
from agent.probes.host.table import counter, gauge
from agent.sample import Sample
from core.labels import Labels, labels

_FOLDER = "fs/bcache"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SIZE = re.compile(rb"(-?[\d.]+)([kMGTPEZY]?)")
_POWERS = b"kMGTPEZY"


def human_size(data: bytes) -> float:
    """Sizes as bcache writes them: `512`, `1.5k`, `2.0G`, a rate with `/sec`."""
    found = _SIZE.match(data.strip())
    if found is None:
        raise ValueError(f"no size: {data[:40]!r}")
    power = _POWERS.index(found[2]) + 1 if found[2] else 0
    return float(found[1]) * float(1 << 10 * power)


def _word(word: bytes) -> Number:
    """The number after a word and a colon, as in `writeback_rate_debug`."""
    pattern = re.compile(word + rb":\s*(\S+)")

    def read(data: bytes) -> float:
        found = pattern.search(data)
        if found is None:
            raise ValueError(f"no {word!r}")
        return human_size(found[1])

    return read


SET = {
    "average_key_size": Column(
        gauge("node_bcache_average_key_size_sectors", "Data per key of the tree, in sectors."), human_size
    ),
    "btree_cache_size": Column(gauge("node_bcache_btree_cache_size_bytes", "Memory of the tree's cache."), human_size),
    "cache_available_percent": Column(
        gauge("node_bcache_cache_available_percent", "Share of the cache without data to be written.")
    ),
    "congested": Column(gauge("node_bcache_congested", "Congestion."), human_size),
    "root_usage_percent": Column(gauge("node_bcache_root_usage_percent", "Share of the tree's root in use.")),
    "tree_depth": Column(gauge("node_bcache_tree_depth", "Depth of the tree.")),
}
INTERNAL = {
    "active_journal_entries": Column(gauge("node_bcache_active_journal_entries", "Entries of the journal in use.")),
    "btree_nodes": Column(gauge("node_bcache_btree_nodes", "Nodes of the tree.")),
    "btree_read_average_duration_us": Column(
        gauge("node_bcache_btree_read_average_duration_seconds", "How long reads of the tree took."), scaled(1e6)
    ),
    "cache_read_races": Column(
        counter("node_bcache_cache_read_races_total", "Reads whose bucket was reused meanwhile.")
    ),
}
BACKING = {"dirty_data": Column(gauge("node_bcache_dirty_data_bytes", "Data that is to be written back."), human_size)}
# Of one file, `writeback_rate_debug`.
WRITEBACK = tuple(
    Column(gauge(f"node_bcache_{name}", text), _word(word))
    for name, word, text in (
        ("dirty_target_bytes", b"target", "How much such data there should be."),
        ("writeback_rate", b"rate", "Rate of writing back in bytes a second."),
        ("writeback_rate_proportional_term", b"proportional", "The proportional part of the rate."),
        ("writeback_rate_integral_term", b"integral", "The integral part of the rate."),
        ("writeback_change", b"change", "How the rate changes."),
    )
)
TOTALS = {
    "bypassed": Column(counter("node_bcache_bypassed_bytes_total", "Bytes that passed the cache by."), human_size),
    "cache_hits": Column(counter("node_bcache_cache_hits_total", "Requests that the cache served.")),
    "cache_misses": Column(counter("node_bcache_cache_misses_total", "Requests that it did not.")),
    "cache_bypass_hits": Column(counter("node_bcache_cache_bypass_hits_total", "Hits of what was to pass it by.")),
    "cache_bypass_misses": Column(
        counter("node_bcache_cache_bypass_misses_total", "Misses of what was to pass it by.")
    ),
    "cache_miss_collisions": Column(counter("node_bcache_cache_miss_collisions_total", "Misses that met a write.")),
    "cache_readaheads": Column(counter("node_bcache_cache_readaheads_total", "Times that it read ahead.")),
}
CACHE = {
    "io_errors": Column(gauge("node_bcache_io_errors", "Errors of the cache device, less with time."), human_size),
    "metadata_written": Column(
        counter("node_bcache_metadata_written_bytes_total", "Bytes written that are no data."), human_size
    ),
    "written": Column(counter("node_bcache_written_bytes_total", "Bytes of data written."), human_size),
}


class BcacheCollector:
    """`node_bcache_…{uuid}`, of disks behind `{backing_device}`, of caches `{cache_device}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._devices = Devices(host, _FOLDER, self._describe, optional=True)

    async def collect(self) -> list[Sample]:
        return self._devices.samples()

    def _describe(self, uuid: str) -> Iterator[Found]:
        if not _UUID.fullmatch(uuid):
            return
        folder, own = f"{_FOLDER}/{uuid}", (("uuid", uuid),)
        yield from columns(self._files, folder, SET, own)
        yield from columns(self._files, f"{folder}/internal", INTERNAL, own)
        for name in self._files.names(folder):
            if name.startswith("bdev"):
                yield from self._backing(f"{folder}/{name}", labels(own, backing_device=name))
            elif re.fullmatch(r"cache\d+", name):
                yield from columns(self._files, f"{folder}/{name}", CACHE, labels(own, cache_device=name))

    def _backing(self, folder: str, own: Labels) -> Iterator[Found]:
        yield from columns(self._files, folder, BACKING, own)
        for column in WRITEBACK:
            yield from columns(self._files, folder, {"writeback_rate_debug": column}, own)
        yield from columns(self._files, f"{folder}/stats_total", TOTALS, own)
