"""Neighbours of IPv4, from `/proc/net/arp` (arp(7))."""

from __future__ import annotations

from collections import Counter

from agent.probes.host.collector import Host
from agent.probes.host.rows import Rows, Unchanged
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_ENTRIES = gauge("node_arp_entries", "Neighbours of IPv4 that an interface knows.")


def parse_arp(text: str) -> dict[str, int]:
    """Entries by interface, the last word of each line."""
    return Counter(line.split()[-1] for line in text.split("\n")[1:] if line)


class ArpCollector:
    """`node_arp_entries{device}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._rows = Rows[str](lambda device: (Series(_ENTRIES, (("device", device),)),))
        self._samples = Unchanged(self._count)

    async def collect(self) -> list[Sample]:
        return self._samples.of(self._files.data("net/arp"))

    def _count(self, data: bytes) -> list[Sample]:
        entries = parse_arp(data.decode("utf-8", "replace"))
        return self._rows.samples({device: (count,) for device, count in entries.items()})
