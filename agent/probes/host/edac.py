"""Memory errors that hardware found, from `/sys/devices/system/edac/mc` (the kernel's driver-api/edac document)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Column, Devices, Found, columns
from agent.probes.host.table import counter
from agent.sample import Sample
from core.labels import labels

_FOLDER = "devices/system/edac/mc"
_CONTROLLER = re.compile(r"mc(\d+)")
_PART = re.compile(r"(csrow|dimm|rank)(\d+)")

_ROW_CORRECTED = counter("node_edac_csrow_correctable_errors_total", "Errors corrected, of a row of chips.")
_ROW_LOST = counter("node_edac_csrow_uncorrectable_errors_total", "Errors that could not be corrected, of a row.")
CONTROLLER = {
    "ce_count": Column(counter("node_edac_correctable_errors_total", "Errors that a memory controller corrected.")),
    "ue_count": Column(counter("node_edac_uncorrectable_errors_total", "Errors that could not be corrected.")),
}
UNPLACED = {"ce_noinfo_count": Column(_ROW_CORRECTED), "ue_noinfo_count": Column(_ROW_LOST)}
ROW = {"ce_count": Column(_ROW_CORRECTED), "ue_count": Column(_ROW_LOST)}
DIMM = {
    "dimm_ce_count": Column(counter("node_edac_dimm_correctable_errors_total", "Errors corrected, of a module.")),
    "dimm_ue_count": Column(
        counter("node_edac_dimm_uncorrectable_errors_total", "Errors that could not be corrected, of a module.")
    ),
}


class EdacCollector:
    """`node_edac_…_errors_total{controller}`, of rows of chips `{controller,csrow}`, of modules `{controller,dimm}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._devices = Devices(host, _FOLDER, self._describe)

    async def collect(self) -> list[Sample]:
        try:
            return self._devices.samples()
        except FileNotFoundError:
            return []  # a machine without such memory is as it should be

    def _describe(self, name: str) -> Iterator[Found]:
        found = _CONTROLLER.fullmatch(name)
        if found is None:
            return
        folder, controller = f"{_FOLDER}/{name}", found[1]
        yield from columns(self._files, folder, CONTROLLER, (("controller", controller),))
        yield from columns(self._files, folder, UNPLACED, (("controller", controller), ("csrow", "unknown")))
        for part in filter(None, map(_PART.fullmatch, self._files.names(folder))):
            if part[1] == "csrow":
                own = labels(controller=controller, csrow=part[2])
                yield from columns(self._files, f"{folder}/{part[0]}", ROW, own)
            else:
                label = self._files.first_line(f"{folder}/{part[0]}/dimm_label") or part[0]
                own = labels(controller=controller, dimm=part[0], label=label)
                yield from columns(self._files, f"{folder}/{part[0]}", DIMM, own)
