"""Memory pages that the kernel merged, from `/sys/kernel/mm/ksm` (the kernel's admin-guide/mm/ksm document)."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.table import counter, gauge
from agent.sample import Sample, Series

_FOLDER = "kernel/mm/ksm"
_MILLISECONDS = 1000.0
_FILES = {
    "full_scans": (Series(counter("node_ksmd_full_scans_total", "Times that all memory was looked through.")), 1.0),
    "merge_across_nodes": (Series(gauge("node_ksmd_merge_across_nodes", "Whether nodes share merged pages.")), 1.0),
    "pages_shared": (Series(gauge("node_ksmd_pages_shared", "Merged pages in use.")), 1.0),
    "pages_sharing": (Series(gauge("node_ksmd_pages_sharing", "Uses of merged pages: what was saved.")), 1.0),
    "pages_to_scan": (Series(gauge("node_ksmd_pages_to_scan", "Pages looked at before a rest.")), 1.0),
    "pages_unshared": (Series(gauge("node_ksmd_pages_unshared", "Pages that no other is like.")), 1.0),
    "pages_volatile": (Series(gauge("node_ksmd_pages_volatile", "Pages that change too fast.")), 1.0),
    "run": (Series(gauge("node_ksmd_run", "Whether pages are merged: 0 no, 1 yes, 2 no longer.")), 1.0),
    "sleep_millisecs": (Series(gauge("node_ksmd_sleep_seconds", "How long it rests.")), _MILLISECONDS),
}


class KsmdCollector:
    """`node_ksmd_…`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys

    async def collect(self) -> list[Sample]:
        present = self._files.names(_FOLDER)
        return [
            Sample(series, int(self._files.data(f"{_FOLDER}/{name}")) / divisor)
            for name, (series, divisor) in _FILES.items()
            if name in present
        ]
