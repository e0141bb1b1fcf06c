"""HPE Smart Array controllers by `ssacli ctrl all show config detail`: indented lines `Key: value` below headings."""

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

_HEAD = re.compile(r"(.{1,100}?) in Slot (\w{1,20})\b.*")
_VOLUME = re.compile(r"\s+Logical Drive: (\w{1,20})")
_DISK = re.compile(r"\s+physicaldrive ([\w:.-]{1,40})\s*")
_FIELD = re.compile(r"\s+([^:]{1,80}):(?: +(.*))?")
_LISTED = "physicaldrive "  # with its place in parentheses: a member of a volume, described elsewhere

# What a status begins with decides: `Recovering, 12% complete`.
VOLUME_STATES = {
    "ok": VolumeState.OPTIMAL, "interim recovery": VolumeState.DEGRADED, "degraded": VolumeState.DEGRADED,
    "ready for re": VolumeState.DEGRADED, "waiting for rebuild": VolumeState.DEGRADED,
    "recovering": VolumeState.REBUILDING, "rebuild": VolumeState.REBUILDING, "failed": VolumeState.FAILED,
    "wrong drive": VolumeState.FAILED, "drive not properly": VolumeState.FAILED, "offline": VolumeState.FAILED,
}  # fmt: skip
DISK_STATES = {
    "ok": DiskState.ONLINE, "predictive": DiskState.ONLINE, "rebuild": DiskState.REBUILDING,
    "failed": DiskState.FAILED, "missing": DiskState.FAILED, "offline": DiskState.FAILED,
}  # fmt: skip


Part = Controller | Volume | Disk | None


def read_controllers(output: str) -> list[Controller]:
    """The controllers with their volumes and disks.

    Raises:
        ValueError: that is no answer of ssacli; the message is for people.
    """
    found: list[Controller] = []
    part: Part = None
    for line in lines_of(output):
        head = _HEAD.fullmatch(line)
        if head is not None and not line.startswith(" "):
            part = Controller(head[2], model=head[1])
            found.append(part)
        elif found and line.strip():
            part = _go_on(line, found[-1], part)
    if not found and "no controllers" not in output.lower():
        raise ValueError(output.strip()[:200] or "names no controller")
    return found


def _go_on(line: str, controller: Controller, part: Part) -> Part:
    """Take a line; returns what the next one is about, None when that is something else."""
    volume, disk, field = _VOLUME.fullmatch(line), _DISK.fullmatch(line), _FIELD.fullmatch(line)
    if volume is not None:
        controller.volumes.append(Volume(volume[1], "", VolumeState.OTHER))
        return controller.volumes[-1]
    if disk is not None:
        controller.disks.append(Disk(disk[1], DiskState.OTHER))
        return controller.disks[-1]
    if line.strip().startswith(_LISTED):
        return part
    if field is None or field[1] == "Array":  # a heading
        return None
    _tell(part, field[1].strip(), (field[2] or "").strip())
    return part


def _tell(part: Part, key: str, value: str) -> None:
    if isinstance(part, Controller):
        _tell_controller(part, key, value)
    elif isinstance(part, Disk):
        _tell_disk(part, key, value)
    elif part is not None and key == "Status":
        part.state, part.progress = state_of(VOLUME_STATES, value, VolumeState.OTHER), progress_in(value)
    elif part is not None and key == "Fault Tolerance":
        part.level = f"RAID{value}" if value[:1].isdigit() else value


def _tell_controller(controller: Controller, key: str, value: str) -> None:
    if key == "Serial Number":
        controller.serial = value
    elif key == "Firmware Version":
        controller.firmware = value
    elif key == "Controller Status":
        controller.healthy = value == "OK"
    elif key == "Controller Temperature (C)":
        controller.temperature = number_in(value)
    elif key == "Battery/Capacitor Status":
        controller.battery = works(value)


def _tell_disk(disk: Disk, key: str, value: str) -> None:
    if key == "Status":
        disk.state = state_of(DISK_STATES, value, DiskState.OTHER)
        disk.failing = value.lower().startswith("predictive")
    elif key == "Drive Type" and disk.state is DiskState.ONLINE:
        kind = value.lower()
        disk.state = DiskState.SPARE if "spare" in kind else DiskState.READY if "unassigned" in kind else disk.state
    elif key == "Model":
        disk.model = " ".join(value.split())
    elif key == "Serial Number":
        disk.serial = value
    elif key == "Current Temperature (C)":
        disk.temperature = number_in(value)
