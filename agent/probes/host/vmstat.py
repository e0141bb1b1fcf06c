"""Virtual memory events, from `/proc/vmstat`."""

from __future__ import annotations

import re

from agent.probes.host.collector import Host
from agent.probes.host.table import Named
from agent.sample import Family, Sample, Series

# Paging, swapping, faults and kills; the kernel has some 190 fields, most for its developers.
_TOLD = re.compile(r"oom_kill|pgpg|pswp|pg.*fault")


def told(field: str) -> Series | None:
    """The series of a field, None when it is not told."""
    if not _TOLD.match(field):
        return None
    return Series(Family(f"node_vmstat_{field}", "untyped", f"Virtual memory event {field}, from /proc/vmstat."))


class VmstatCollector:
    """`node_vmstat_…`: `pgpgin`, `pgpgout`, `pswpin`, `pswpout`, `pgfault`, `pgmajfault`, `oom_kill`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._named = Named(told)

    async def collect(self) -> list[Sample]:
        return self._named.samples(self._files.data("vmstat"))
