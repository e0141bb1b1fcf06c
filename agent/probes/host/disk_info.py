"""What udev knows of block devices: `/run/udev/data/bMAJOR:MINOR`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.probes.host.collector import Host
from agent.sample import Family, Sample, Series
from core.labels import labels

Properties = Mapping[str, str]

_INFO = Family("node_disk_info", "gauge", "A block device; the value is always 1.")
_FILESYSTEM = Family("node_disk_filesystem_info", "gauge", "The file system on a block device; always 1.")
_MAPPER = Family("node_disk_device_mapper_info", "gauge", "A device-mapper volume; always 1.")
_ATA = {
    "ID_ATA_WRITE_CACHE": Family("node_disk_ata_write_cache", "gauge", "Whether an ATA disk has a write cache."),
    "ID_ATA_WRITE_CACHE_ENABLED": Family(
        "node_disk_ata_write_cache_enabled", "gauge", "Whether an ATA disk's write cache is on."
    ),
    "ID_ATA_ROTATION_RATE_RPM": Family(
        "node_disk_ata_rotation_rate_rpm", "gauge", "An ATA disk's rotations per minute, 0 for solid state."
    ),
}


def parse_udev(text: str) -> dict[str, str]:
    """The properties of a udev database file (lines `E:NAME=value`)."""
    pairs = (line[2:].partition("=") for line in text.split("\n") if line.startswith("E:"))
    return {name: value for name, _, value in pairs}


def device_samples(major: str, minor: str, name: str, udev: Properties) -> list[Sample]:
    """The info samples of one device; labels that udev does not know are left out."""

    def info(family: Family, **properties: str) -> Sample:
        known = {label: udev.get(key, "") for label, key in properties.items()}
        return Sample(Series(family, labels(known, device=name)), 1.0)

    serial = "ID_SCSI_SERIAL" if udev.get("ID_SCSI_SERIAL") else "ID_SERIAL_SHORT"
    base = info(_INFO, path="ID_PATH", wwn="ID_WWN", model="ID_MODEL", serial=serial, revision="ID_REVISION")
    samples = [Sample(Series(_INFO, labels(base.labels, major=major, minor=minor)), 1.0)]
    if udev.get("ID_FS_USAGE"):
        samples.append(
            info(_FILESYSTEM, type="ID_FS_TYPE", usage="ID_FS_USAGE", uuid="ID_FS_UUID", version="ID_FS_VERSION")
        )
    if udev.get("DM_NAME"):
        samples.append(
            info(_MAPPER, name="DM_NAME", uuid="DM_UUID", vg_name="DM_VG_NAME", lv_name="DM_LV_NAME",
                 lv_layer="DM_LV_LAYER")
        )  # fmt: skip
    if udev.get("ID_ATA"):
        samples += [
            Sample(Series(family, (("device", name),)), float(udev[key]))
            for key, family in _ATA.items()
            if udev.get(key, "").isdecimal()
        ]
    return samples


class DiskInfo:
    """The info samples of the devices present, parsed again only when udev has written."""

    def __init__(self, host: Host) -> None:
        self._files = host.root
        self._known: dict[tuple[str, str, str], tuple[int | None, list[Sample]]] = {}

    def samples(self, devices: Iterable[tuple[str, str, str]]) -> list[Sample]:
        """All info samples of the devices given as (major, minor, name)."""
        before, self._known = self._known, {}
        samples: list[Sample] = []
        for device in devices:
            modified = self._files.modified_ns(_database(device))
            known = before.get(device)
            if known is None or known[0] != modified:
                known = (modified, device_samples(*device, self._properties(device)))
            self._known[device] = known
            samples += known[1]
        return samples

    def _properties(self, device: tuple[str, str, str]) -> Properties:
        try:
            return parse_udev(self._files.text(_database(device)))
        except OSError:
            return {}  # no udev, as in a container


def _database(device: tuple[str, str, str]) -> str:
    return f"run/udev/data/b{device[0]}:{device[1]}"
