"""Virtual memory events, from `/proc/vmstat`."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.rows import Excluded, Scalars
from agent.sample import Family, Sample

# Paging, swapping, faults and kills; the kernel has some 190 fields, most for its developers.
_OTHERS = r"^(?!oom_kill|pgpg|pswp|pg.*fault)"


def parse_vmstat(text: str, excluded: Excluded) -> dict[str, float]:
    """Values by field, without those excluded."""
    words = text.split()
    return {name: float(value) for name, value in zip(words[::2], words[1::2], strict=True) if not excluded[name]}


class VmstatCollector:
    """`node_vmstat_…`: `pgpgin`, `pgpgout`, `pswpin`, `pswpout`, `pgfault`, `pgmajfault`, `oom_kill`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._excluded = Excluded(_OTHERS)
        self._scalars = Scalars(_family)

    async def collect(self) -> list[Sample]:
        return self._scalars.samples(parse_vmstat(self._files.text("vmstat"), self._excluded))


def _family(field: str) -> Family:
    return Family(f"node_vmstat_{field}", "untyped", f"Virtual memory event {field}, from /proc/vmstat.")
