"""The kernel's random numbers, from `/proc/sys/kernel/random` (random(4))."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_SERIES = {
    "entropy_avail": Series(gauge("node_entropy_available_bits", "Bits of entropy available.")),
    "poolsize": Series(gauge("node_entropy_pool_size_bits", "Bits of entropy that there can be.")),
}


class EntropyCollector:
    """`node_entropy_available_bits`, `node_entropy_pool_size_bits`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc

    async def collect(self) -> list[Sample]:
        data = self._files.data
        return [Sample(series, float(data(f"sys/kernel/random/{name}"))) for name, series in _SERIES.items()]
