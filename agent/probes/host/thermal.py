"""Thermal zones and what cools them, from `/sys/class/thermal` (the kernel's thermal/sysfs-api document)."""

from __future__ import annotations

from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Column, Devices, Found, columns, scaled
from agent.probes.host.table import gauge
from agent.sample import Sample
from core.labels import labels

_FOLDER = "class/thermal"
_ZONE, _COOLER = "thermal_zone", "cooling_device"
ZONE = {"temp": Column(gauge("node_thermal_zone_temp", "Temperature in degrees Celsius."), scaled(1000))}
COOLER = {
    "cur_state": Column(gauge("node_cooling_device_cur_state", "How much a device cools now.")),
    "max_state": Column(gauge("node_cooling_device_max_state", "How much a device can cool.")),
}


class ThermalCollector:
    """`node_thermal_zone_temp{zone,type}`, `node_cooling_device_{cur,max}_state{name,type}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._devices = Devices(host, _FOLDER, self._describe)

    async def collect(self) -> list[Sample]:
        return self._devices.samples()

    def _describe(self, name: str) -> Iterator[Found]:
        folder = f"{_FOLDER}/{name}"
        kind = self._files.first_line(f"{folder}/type") or ""
        if name.startswith(_ZONE):
            yield from columns(self._files, folder, ZONE, labels(zone=name.removeprefix(_ZONE), type=kind))
        elif name.startswith(_COOLER):
            own = labels(name=name.removeprefix(_COOLER), type=kind)
            yield from columns(self._files, folder, COOLER, own)
