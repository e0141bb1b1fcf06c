"""NVMe controllers, from `/sys/class/nvme`."""

from __future__ import annotations

from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Devices, Found, Info
from agent.probes.host.table import gauge
from agent.sample import Sample

_FOLDER = "class/nvme"
INFO = gauge("node_nvme_info", "Model, serial number, firmware and state of an NVMe controller; always 1.")
_TEXTS = {"firmware_revision": "firmware_rev", "model": "model", "serial": "serial", "state": "state"}


class NvmeCollector:
    """`node_nvme_info{device,firmware_revision,model,serial,state}`."""

    def __init__(self, host: Host) -> None:
        self._devices = Devices(host, _FOLDER, _describe)

    async def collect(self) -> list[Sample]:
        return self._devices.samples()


def _describe(name: str) -> Iterator[Found]:
    texts = {label: f"{_FOLDER}/{name}/{file}" for label, file in _TEXTS.items()}
    yield Info(INFO, texts, (("device", name),))
