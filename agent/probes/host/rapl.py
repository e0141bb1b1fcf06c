"""Energy that processors used, from `/sys/class/powercap` (the kernel's power/powercap document)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Attribute, Devices, Found, scaled
from agent.probes.host.table import counter
from agent.sample import Sample, Series
from core.labels import labels

_FOLDER = "class/powercap"
_ZONE = re.compile(r"[a-z-]*rapl(:\d+)+")
_NAME = re.compile(r"(.*?)-?(\d*)")
_MICROJOULES = 1e6


class RaplCollector:
    """`node_rapl_ZONE_joules_total{index,path}`: `node_rapl_package_joules_total`; readable by root only."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._devices = Devices(host, _FOLDER, self._describe)

    async def collect(self) -> list[Sample]:
        return self._devices.samples()

    def _describe(self, name: str) -> Iterator[Found]:
        zone = self._files.first_line(f"{_FOLDER}/{name}/name")
        if not _ZONE.fullmatch(name) or zone is None:
            return
        named = _NAME.fullmatch(zone)
        kind, index = (named[1], named[2]) if named else (zone, "")
        word = re.sub(r"\W", "_", kind, flags=re.ASCII)
        family = counter(f"node_rapl_{word}_joules_total", f"Energy that {kind} used.")
        path = f"{self._files.root}/{_FOLDER}/{name}"
        own = labels(index=index or name.rpartition(":")[2], path=path)
        yield Attribute(f"{_FOLDER}/{name}/energy_uj", Series(family, own), scaled(_MICROJOULES))
