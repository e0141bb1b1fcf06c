"""Btrfs file systems, from `/sys/fs/btrfs` (btrfs(5))."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Attribute, Column, Devices, Found, Info, columns
from agent.probes.host.files import Files
from agent.probes.host.table import counter, gauge
from agent.sample import Sample, Series
from core.labels import Labels, labels

_FOLDER = "fs/btrfs"
_SECTOR = 512
_NO_UUID = frozenset(("features", "debug"))
_KINDS = ("data", "metadata", "system")
# Of each kind of redundancy the copies that a byte takes; raid5 and raid6 depend on the number of devices.
_COPIES = {"single": 1.0, "raid0": 1.0, "dup": 2.0, "raid1": 2.0, "raid10": 2.0, "raid1c3": 3.0, "raid1c4": 4.0}
_PARITY = {"raid5": 1, "raid6": 2}

INFO = gauge("node_btrfs_info", "Label of a file system; always 1.")
GLOBAL = {
    "global_rsv_size": Column(gauge("node_btrfs_global_rsv_size_bytes", "Bytes that the file system keeps back."))
}
RESERVED = {"bytes_reserved": Column(gauge("node_btrfs_reserved_bytes", "Bytes reserved for a kind of data."))}
LAYOUT = {
    "used_bytes": Column(gauge("node_btrfs_used_bytes", "Bytes used of a kind of data and redundancy.")),
    "total_bytes": Column(gauge("node_btrfs_size_bytes", "Bytes allocated to a kind of data and redundancy.")),
}
_RATIO = gauge("node_btrfs_allocation_ratio", "Bytes on devices for each byte of a kind of data and redundancy.")
_DEVICE_SIZE = gauge("node_btrfs_device_size_bytes", "Size of a device of the file system.")
_DEVICE_ERRORS = counter("node_btrfs_device_errors_total", "Errors of a device of the file system, by type.")
COMMITS = {
    "commits": (counter("node_btrfs_commits_total", "Commits."), 1.0),
    "last_commit_ms": (gauge("node_btrfs_last_commit_seconds", "How long the last commit took."), 1000.0),
    "max_commit_ms": (gauge("node_btrfs_max_commit_seconds", "How long the slowest commit took."), 1000.0),
    "total_commit_ms": (counter("node_btrfs_commit_seconds_total", "Seconds spent by all commits."), 1000.0),
}


def allocation_ratio(layout: str, devices: int) -> float:
    """Bytes on devices for each byte stored, 1 where that is not known."""
    parity = _PARITY.get(layout)
    if parity is not None:
        return devices / (devices - parity) if devices > parity else 1.0
    return _COPIES.get(layout, 1.0)


def parse_pairs(text: str) -> dict[str, int]:
    """Lines of a word and a number: `commit_stats`, `error_stats`."""
    words = text.split()
    return {name: int(value) for name, value in zip(words[::2], words[1::2], strict=True)}


class BtrfsCollector:
    """`node_btrfs_…{uuid}`, of kinds of data `{block_group_type,mode}`, of devices `{device}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._devices = Devices(host, _FOLDER, self._describe, optional=True)

    async def collect(self) -> list[Sample]:
        samples = self._devices.samples()
        if not samples:
            return []
        for uuid in self._files.names(_FOLDER):
            if uuid not in _NO_UUID:
                samples += _counts(self._files, uuid)
        return samples

    def _describe(self, uuid: str) -> Iterator[Found]:
        if uuid in _NO_UUID:
            return
        folder, own = f"{_FOLDER}/{uuid}", (("uuid", uuid),)
        yield Info(INFO, {"label": f"{folder}/label"}, own)
        yield from columns(self._files, f"{folder}/allocation", GLOBAL, own)
        for kind in _KINDS:
            yield from self._kind(f"{folder}/allocation/{kind}", own, kind)
        for device in _devices(self._files, uuid):
            size = Series(_DEVICE_SIZE, labels(own, device=device))
            yield Attribute(f"{folder}/devices/{device}/size", size, lambda data: int(data) * _SECTOR)

    def _kind(self, folder: str, own: Labels, kind: str) -> Iterator[Found]:
        of_kind = labels(own, block_group_type=kind)
        yield from columns(self._files, folder, RESERVED, of_kind)
        with contextlib.suppress(OSError):
            for name in self._files.names(folder):
                if name in _COPIES or name in _PARITY:
                    yield from columns(self._files, f"{folder}/{name}", LAYOUT, labels(of_kind, mode=name))


def _devices(files: Files, uuid: str) -> list[str]:
    try:
        return files.names(f"{_FOLDER}/{uuid}/devices")
    except OSError:
        return []


def _counts(files: Files, uuid: str) -> Iterator[Sample]:
    """What stands with others in one file, and what follows from the number of devices."""
    folder, own, devices = f"{_FOLDER}/{uuid}", (("uuid", uuid),), _devices(files, uuid)
    for kind in _KINDS:
        with contextlib.suppress(OSError):
            for layout in files.names(f"{folder}/allocation/{kind}"):
                if layout in _COPIES or layout in _PARITY:
                    series = Series(_RATIO, labels(own, block_group_type=kind, mode=layout))
                    yield Sample(series, allocation_ratio(layout, len(devices)))
    with contextlib.suppress(OSError):
        commits = parse_pairs(files.text(f"{folder}/commit_stats"))
        for name, (family, divisor) in COMMITS.items():
            if name in commits:
                yield Sample(Series(family, own), commits[name] / divisor)
    with contextlib.suppress(OSError):
        for number in files.names(f"{folder}/devinfo"):
            # sysfs does not say which device has which number; a single one is plain.
            device = devices[0] if len(devices) == 1 else f"devid {number}"
            for name, count in parse_pairs(files.text(f"{folder}/devinfo/{number}/error_stats")).items():
                kind = name.removesuffix("_errs")
                yield Sample(Series(_DEVICE_ERRORS, labels(own, device=device, type=kind)), count)
