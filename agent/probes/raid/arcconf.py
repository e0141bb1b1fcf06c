"""Adaptec and Microchip controllers by `arcconf GETCONFIG`: lines `Key : value` below headings."""

from __future__ import annotations

import re

from agent.probes.raid.model import (
    Controller,
    Disk,
    DiskState,
    Volume,
    VolumeState,
    lines_of,
    number_in,
    progress_in,
    state_of,
    works,
)

_COUNT = re.compile(r"Controllers found: (\d{1,2})")
_VOLUME = re.compile(r"\s*Logical [Dd]evice number (\d{1,5})\s*")
_DISK = re.compile(r"\s*Device #(\d{1,5})\s*")
_FIELD = re.compile(r"\s*(\S.{0,80}?)\s+: (.*)")
_BATTERIES = ("battery", "cache backup", "zmm", "green backup")

VOLUME_STATES = {
    "optimal": VolumeState.OPTIMAL, "ok": VolumeState.OPTIMAL, "degraded": VolumeState.DEGRADED,
    "suboptimal": VolumeState.DEGRADED, "interim": VolumeState.DEGRADED, "ready for re": VolumeState.DEGRADED,
    "rebuilding": VolumeState.REBUILDING, "recovering": VolumeState.REBUILDING, "impacted": VolumeState.REBUILDING,
    "failed": VolumeState.FAILED, "offline": VolumeState.FAILED,
}  # fmt: skip
DISK_STATES = {
    "online": DiskState.ONLINE, "optimal": DiskState.ONLINE, "raw": DiskState.ONLINE, "jbod": DiskState.ONLINE,
    "predictive": DiskState.ONLINE, "hot spare": DiskState.SPARE, "global hot": DiskState.SPARE,
    "dedicated hot": DiskState.SPARE, "ready": DiskState.READY, "rebuilding": DiskState.REBUILDING,
    "failed": DiskState.FAILED, "missing": DiskState.FAILED, "offline": DiskState.FAILED,
}  # fmt: skip


class _Battery:
    """Stands for the part of a controller's answer that is about its cache's battery."""


Part = Controller | Volume | Disk | _Battery | None


def controllers_found(output: str) -> int:
    """How many controllers there are, as every answer begins.

    Raises:
        ValueError: it does not; the message is for people.
    """
    found = _COUNT.search(output)
    if found is None:
        raise ValueError(output.strip()[:200] or "names no controller")
    return int(found[1])


def read_controller(number: str, output: str) -> Controller:
    """The controller that was asked for."""
    controller = Controller(number)
    part: Part = controller
    for line in lines_of(output):
        part = _go_on(line, controller, part)
    return controller


def _go_on(line: str, controller: Controller, part: Part) -> Part:
    """Take a line; returns what the next one is about, None when that is something else."""
    volume, disk, field = _VOLUME.fullmatch(line), _DISK.fullmatch(line), _FIELD.fullmatch(line)
    if volume is not None:
        controller.volumes.append(Volume(volume[1], "", VolumeState.OTHER))
        return controller.volumes[-1]
    if disk is not None:
        return Disk(disk[1], DiskState.OTHER)  # which may be no disk: its state tells
    if field is not None:
        _tell(controller, part, field[1], field[2].strip())
    elif line.strip(" -\t"):
        return _heading(line.strip().lower(), controller, part)
    return part


def _heading(line: str, controller: Controller, part: Part) -> Part:
    if line == "controller information" or line.startswith("controller version"):
        return controller
    if "information" in line:
        return _Battery() if any(word in line for word in _BATTERIES) else None
    return part


def _tell(controller: Controller, part: Part, key: str, value: str) -> None:
    if isinstance(part, Controller):
        _tell_controller(part, key, value)
    elif isinstance(part, Disk):
        _tell_disk(controller, part, key, value)
    elif isinstance(part, _Battery):
        if key in ("Status", "Overall Backup Unit Status", "Backup Unit Status"):
            controller.battery = works(value.lower().removeprefix("zmm "))
    elif part is not None and key.lower() in ("status of logical device", "logical device status"):
        part.state, part.progress = state_of(VOLUME_STATES, value, VolumeState.OTHER), progress_in(value)
    elif part is not None and key == "RAID level":
        part.level = f"RAID{value}" if value[:1].isdigit() else value


def _tell_controller(controller: Controller, key: str, value: str) -> None:
    if key == "Controller Status":
        controller.healthy = value.lower() in ("optimal", "ok", "okay")
    elif key == "Controller Model":
        controller.model = value
    elif key == "Controller Serial Number":
        controller.serial = value
    elif key == "Firmware":
        controller.firmware = value
    elif key == "Temperature":
        controller.temperature = number_in(value)


def _tell_disk(controller: Controller, disk: Disk, key: str, value: str) -> None:
    if key == "State":
        disk.state = state_of(DISK_STATES, value, DiskState.OTHER)
        disk.failing = value.lower().startswith("predictive") or disk.failing
        controller.disks.append(disk)
    elif key == "Reported Channel,Device(T:L)":
        disk.name = value.partition("(")[0]
    elif key == "Model":
        disk.model = value
    elif key in ("Serial number", "Serial Number"):
        disk.serial = value
    elif key == "S.M.A.R.T. warnings":
        disk.failing = bool(number_in(value)) or bool(disk.failing)
    elif key in ("Temperature", "Current Temperature"):
        disk.temperature = number_in(value)
