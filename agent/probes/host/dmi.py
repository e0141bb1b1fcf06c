"""What the firmware says of the machine, from `/sys/class/dmi/id` (SMBIOS, DMTF DSP0134)."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.files import utf8
from agent.probes.host.table import gauge
from agent.sample import Sample, Series
from core.labels import labels

_FOLDER = "class/dmi/id"
_INFO = gauge("node_dmi_info", "What the firmware says of the machine; always 1.")
_LABELS = (
    "bios_date", "bios_release", "bios_vendor", "bios_version", "board_asset_tag", "board_name", "board_serial",
    "board_vendor", "board_version", "chassis_asset_tag", "chassis_serial", "chassis_vendor", "chassis_version",
    "product_family", "product_name", "product_serial", "product_sku", "product_uuid", "product_version",
)  # fmt: skip


class DmiCollector:
    """`node_dmi_info{bios_…,board_…,chassis_…,product_…,system_vendor}`; read once, serial numbers by root only."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._samples: list[Sample] = []

    async def collect(self) -> list[Sample]:
        if not self._samples:
            present = self._files.names(_FOLDER)
            known = {label: self._text(label) for label in _LABELS if label in present}
            known["system_vendor"] = self._text("sys_vendor")
            self._samples = [Sample(Series(_INFO, labels(known)), 1.0)]
        return self._samples

    def _text(self, name: str) -> str:
        return utf8(self._files.first_line(f"{_FOLDER}/{name}") or "")
