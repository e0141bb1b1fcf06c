"""Connections that the packet filter tracks, from `/proc/sys/net/netfilter` and `/proc/net/stat/nf_conntrack`."""

from __future__ import annotations

import contextlib

from agent.probes.host.collector import Host
from agent.probes.host.rows import Unchanged
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_ENTRIES = Series(gauge("node_nf_conntrack_entries", "Connections tracked."))
_LIMIT = Series(gauge("node_nf_conntrack_entries_limit", "Connections that can be tracked."))
_STATS = {
    name: Series(gauge(f"node_nf_conntrack_stat_{name}", text))
    for name, text in (
        ("found", "Look-ups that found a connection."),
        ("invalid", "Packets that could not be tracked."),
        ("ignore", "Packets of connections tracked already."),
        ("insert", "Connections entered."),
        ("insert_failed", "Connections that could not be entered."),
        ("drop", "Packets dropped for lack of room or memory."),
        ("early_drop", "Connections dropped to make room."),
        ("search_restart", "Look-ups begun anew while the table was resized."),
    )
}


def parse_conntrack_stat(text: str) -> dict[str, int]:
    """The sums over CPUs of the columns that are told, by heading; the numbers are hexadecimal.

    The columns of older kernels are named alike, so they are taken by name.
    """
    head, *lines = text.splitlines()
    told = [(at, name) for at, name in enumerate(head.split()) if name in _STATS]
    rows = [line.split() for line in lines]
    return {name: sum(int(row[at], 16) for row in rows) for at, name in told}


def _samples(data: bytes) -> list[Sample]:
    sums = parse_conntrack_stat(data.decode("utf-8", "replace"))
    return [Sample(series, sums[name]) for name, series in _STATS.items() if name in sums]


class ConntrackCollector:
    """`node_nf_conntrack_entries`, `…_entries_limit`, `node_nf_conntrack_stat_…`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._stats = Unchanged(_samples)

    async def collect(self) -> list[Sample]:
        data = self._files.data
        samples = [
            Sample(_ENTRIES, float(data("sys/net/netfilter/nf_conntrack_count"))),
            Sample(_LIMIT, float(data("sys/net/netfilter/nf_conntrack_max"))),
        ]
        with contextlib.suppress(FileNotFoundError):
            samples += self._stats.of(data("net/stat/nf_conntrack"))
        return samples
