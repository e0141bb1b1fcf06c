"""Memory, from `/proc/meminfo` (proc(5)): every field the kernel has."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.rows import Scalars
from agent.sample import Family, Sample

_KIB = 1024


def parse_meminfo(text: str) -> dict[str, float]:
    """Values by field; `Active(anon):  8 kB` is `Active_anon_bytes`, fields without a unit keep their name."""
    fields = {}
    for line in text.splitlines():
        name, colon, rest = line.partition(":")
        if not colon:
            continue
        if "(" in name:
            name = name.replace("(", "_").replace(")", "")
        number, *unit = rest.split()
        if unit:
            fields[name + "_bytes"] = float(int(number) * _KIB)
        else:
            fields[name] = float(number)
    return fields


class MeminfoCollector:
    """`node_memory_…`, in bytes where the kernel counts memory, plain counts of huge pages."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._scalars = Scalars(_family)

    async def collect(self) -> list[Sample]:
        return self._scalars.samples(parse_meminfo(self._files.text("meminfo")))


def _family(field: str) -> Family:
    return Family(f"node_memory_{field}", "gauge", f"Memory information field {field}.")
