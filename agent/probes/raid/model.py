"""What RAID controllers of every maker have: volumes and disks, each in one of few states, a battery, a temperature."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from agent.probes.printable import printable
from agent.sample import Family, Sample, Series
from core.labels import labels


def _gauge(name: str, text: str) -> Family:
    return Family(f"raid_{name}", "gauge", text)


CONTROLLER_INFO = _gauge("controller_info", "A RAID controller; always 1.")
CONTROLLER_HEALTHY = _gauge("controller_healthy", "Whether a RAID controller says that nothing is wrong.")
CONTROLLER_TEMPERATURE = _gauge("controller_temperature_celsius", "Temperature of a RAID controller.")
BATTERY_HEALTHY = _gauge(
    "battery_healthy", "Whether the battery or capacitor of a RAID controller's cache works; absent without one."
)
VOLUME_STATE = _gauge("volume_state", "The state that a volume (virtual, logical drive) is in; always 1.")
VOLUME_PROGRESS = _gauge(
    "volume_progress_ratio", "How far a rebuild, or other work on a volume, is; absent without one."
)
DISK_STATE = _gauge("disk_state", "The state that a disk behind a RAID controller is in; always 1.")
DISK_FAILING = _gauge("disk_predictive_failure", "Whether a disk, or the controller of it, expects it to fail.")
DISK_MEDIA_ERRORS = _gauge("disk_media_errors", "Errors of a disk's media that its controller counted.")
DISK_PROGRESS = _gauge("disk_rebuild_ratio", "How far the rebuild of a disk is; absent without one.")
DISK_TEMPERATURE = _gauge("disk_temperature_celsius", "Temperature of a disk behind a RAID controller.")

MOST = 1024  # volumes, and disks, of one controller
_LARGEST = 2**63
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,4})?) {0,2}%", re.ASCII)
_LONGEST_LINE = 500
_NO_BATTERY = ("not present", "not installed", "not available", "not supported", "none", "n/a", "absent")
_GOOD_BATTERY = ("ok", "optimal", "ready", "charging", "charged", "recharging", "learning")
_NUMBER = re.compile(r"\s*(-?\d{1,15}(?:\.\d{1,9})?)", re.ASCII)


class VolumeState(enum.StrEnum):
    """States of a volume; values of the label `state`."""

    OPTIMAL = "optimal"
    DEGRADED = "degraded"  # redundancy is lost, or a part of it
    REBUILDING = "rebuilding"
    FAILED = "failed"  # offline: its data cannot be read
    OTHER = "other"


class DiskState(enum.StrEnum):
    """States of a disk; values of the label `state`."""

    ONLINE = "online"
    SPARE = "spare"
    READY = "ready"  # belongs to no volume
    REBUILDING = "rebuilding"
    FAILED = "failed"  # offline or missing too
    OTHER = "other"


S = TypeVar("S", VolumeState, DiskState)


@dataclass(slots=True)
class Volume:
    """A volume; its name is unique within the controller, its level in the controller's words, its progress 0 to 1."""

    name: str
    level: str
    state: VolumeState
    progress: float | None = None


@dataclass(slots=True)
class Disk:
    """A disk by where it is; None is what the controller does not tell, temperatures in degrees Celsius."""

    name: str
    state: DiskState
    model: str = ""
    serial: str = ""
    failing: bool | None = None
    media_errors: float | None = None
    temperature: float | None = None
    progress: float | None = None


@dataclass(slots=True)
class Controller:
    """A controller; None is what it does not tell or has not."""

    name: str
    model: str = ""
    serial: str = ""
    firmware: str = ""
    healthy: bool | None = None
    battery: bool | None = None
    temperature: float | None = None
    volumes: list[Volume] = field(default_factory=list)
    disks: list[Disk] = field(default_factory=list)


def samples_of(tool: str, controller: Controller) -> Iterator[Sample]:
    """The controller's series, under the same names whoever made it."""
    of = {"tool": tool, "controller": printable(controller.name)}

    def one(family: Family, value: float | None, **more: str) -> Iterator[Sample]:
        if value is not None:
            yield Sample(
                Series(family, labels(of | {key: printable(text) for key, text in more.items()})), float(value)
            )

    yield from one(
        CONTROLLER_INFO,
        1,
        model=controller.model,
        serial_number=controller.serial,
        firmware_version=controller.firmware,
    )
    yield from one(CONTROLLER_HEALTHY, controller.healthy)
    yield from one(CONTROLLER_TEMPERATURE, controller.temperature)
    yield from one(BATTERY_HEALTHY, controller.battery)
    for volume in {one.name: one for one in controller.volumes[:MOST]}.values():  # a series comes once
        yield from one(VOLUME_STATE, 1, volume=volume.name, level=volume.level, state=volume.state)
        yield from one(VOLUME_PROGRESS, volume.progress, volume=volume.name)
    for disk in {one.name: one for one in controller.disks[:MOST]}.values():
        known = {"model": disk.model, "serial_number": disk.serial, "state": disk.state.value}
        yield from one(DISK_STATE, 1, disk=disk.name, **known)
        yield from one(DISK_FAILING, disk.failing, disk=disk.name)
        yield from one(DISK_MEDIA_ERRORS, disk.media_errors, disk=disk.name)
        yield from one(DISK_TEMPERATURE, disk.temperature, disk=disk.name)
        yield from one(DISK_PROGRESS, disk.progress, disk=disk.name)


def number_in(text: object) -> float | None:
    """The number that a text such as ` 21C (69.80 F)` begins with; None without one."""
    if isinstance(text, bool):
        return None
    if isinstance(text, int | float):
        return float(text) if abs(text) < _LARGEST else None
    found = _NUMBER.match(text) if isinstance(text, str) else None
    return None if found is None else float(found[1])


def progress_in(said: str) -> float | None:
    """The share that a status such as `Recovering, 12% complete` tells; None without one."""
    found = _PERCENT.search(said)
    return None if found is None else min(float(found[1]) / 100, 1.0)


def state_of(states: Mapping[str, S], said: str, other: S) -> S:
    """The state whose word, in lower case, what is said begins with."""
    words = said.strip().lower()
    return next((state for word, state in states.items() if words.startswith(word)), other)


def lines_of(output: str) -> Iterator[str]:
    """The lines of a listing; one that is longer than any of a listing is cut."""
    return (line[:_LONGEST_LINE] for line in output.splitlines())


def works(said: str) -> bool | None:
    """Whether a battery or capacitor works by what is said of it; None when there is none. `Not Ready` does not."""
    words = said.strip().lower()
    if words.startswith(_NO_BATTERY):
        return None
    return words.startswith(_GOOD_BATTERY)
