"""CPUs' clock rates, from `/sys/devices/system/cpu/cpu*/cpufreq` (the kernel's admin-guide/pm/cpufreq document)."""

from __future__ import annotations

from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Column, Devices, Found, columns
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_FOLDER = "devices/system/cpu"
_SETTINGS_SECONDS = 60.0


def _kilohertz(data: bytes) -> float:
    return int(data) * 1000.0


NOW = {
    "cpuinfo_cur_freq": Column(gauge("node_cpu_frequency_hertz", "Clock rate as the hardware says."), _kilohertz),
    "scaling_cur_freq": Column(gauge("node_cpu_scaling_frequency_hertz", "Clock rate asked for."), _kilohertz),
}
LIMITS = {
    "cpuinfo_min_freq": Column(gauge("node_cpu_frequency_min_hertz", "The least clock rate."), _kilohertz),
    "cpuinfo_max_freq": Column(gauge("node_cpu_frequency_max_hertz", "The greatest clock rate."), _kilohertz),
    "scaling_min_freq": Column(gauge("node_cpu_scaling_frequency_min_hertz", "The least rate allowed."), _kilohertz),
    "scaling_max_freq": Column(gauge("node_cpu_scaling_frequency_max_hertz", "The greatest rate allowed."), _kilohertz),
}
GOVERNOR = gauge("node_cpu_scaling_governor", "Whether a governor chooses the clock rate.")


class CpufreqCollector:
    """`node_cpu_frequency_…_hertz{cpu}`, `node_cpu_scaling_…_hertz{cpu}`, `node_cpu_scaling_governor{cpu,governor}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._now = Devices(host, _FOLDER, lambda name: self._describe(name, NOW))
        self._limits = Devices(host, _FOLDER, lambda name: self._describe(name, LIMITS), keep_seconds=_SETTINGS_SECONDS)
        self._governors: list[Sample] = []
        self._names: list[Sample] = []

    async def collect(self) -> list[Sample]:
        limits = self._limits.samples()
        if limits is not self._names:
            self._names = limits
            self._governors = [sample for name in self._files.names(_FOLDER) for sample in self._governor(name)]
        return self._now.samples() + limits + self._governors

    def _describe(self, name: str, table: dict[str, Column]) -> Iterator[Found]:
        if name.startswith("cpu") and name[3:].isdecimal():
            yield from columns(self._files, f"{_FOLDER}/{name}/cpufreq", table, (("cpu", name[3:]),))

    def _governor(self, name: str) -> Iterator[Sample]:
        folder = f"{_FOLDER}/{name}/cpufreq"
        chosen = self._files.first_line(f"{folder}/scaling_governor")
        if chosen is None:
            return
        for one in (self._files.first_line(f"{folder}/scaling_available_governors") or chosen).split():
            yield Sample(Series(GOVERNOR, (("cpu", name[3:]), ("governor", one))), float(one == chosen))
