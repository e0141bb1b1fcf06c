"""Disks' own account of their health (S.M.A.R.T., NVMe) by `smartctl --json`, under smartctl_exporter's names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent.probes.printable import printable
from agent.probes.programs import Program, json_of
from agent.sample import Family, Sample, Series
from core.labels import labels
from core.log import get_logger

log = get_logger(__name__)


def _gauge(name: str, text: str) -> Family:
    return Family(f"smartctl_device{name}", "gauge", text)


INFO = _gauge("", "A disk; always 1.")
STATUS = _gauge("_smart_status", "Whether the disk says that it is healthy.")
TEMPERATURE = _gauge("_temperature", "Temperature in degrees Celsius.")
POWER_ON = _gauge("_power_on_seconds", "Time that the disk has been on.")
ATTRIBUTE = _gauge("_attribute", "An ATA disk's attribute: value, worst, thresh, raw.")
SPARE = _gauge("_available_spare", "An NVMe disk's spare left, in per cent.")
SPARE_THRESHOLD = _gauge("_available_spare_threshold", "What the spare should not fall below, in per cent.")
USED = _gauge("_percentage_used", "An NVMe disk's wear, in per cent; may exceed 100.")
WARNING = _gauge("_critical_warning", "An NVMe disk's bits of warning; 0 is good.")
MEDIA_ERRORS = _gauge("_media_errors", "Errors of an NVMe disk's media.")
EXIT_STATUS = _gauge("_smartctl_exit_status", "smartctl's exit status: bits, see smartctl(8).")

_NVME = {
    "available_spare": SPARE, "available_spare_threshold": SPARE_THRESHOLD, "percentage_used": USED,
    "critical_warning": WARNING, "media_errors": MEDIA_ERRORS,
}  # fmt: skip
_MOST_DISKS = 256
PROGRAM = Program(
    paths=("/usr/sbin/smartctl", "/usr/bin/smartctl", "/usr/local/sbin/smartctl"),
    remedy="install the package smartmontools, or set host.smart.enabled to false in agent.yaml",
    most_output=2**20,
)


class SmartCollector:
    """Asks every disk that smartctl finds; a disk that sleeps is not woken."""

    def __init__(self, program: Program = PROGRAM) -> None:
        self._program = program
        self._silent: set[str] = set()  # disks that gave nothing the last time

    async def collect(self) -> list[Sample]:
        """Every disk's samples; a disk that gives nothing costs its own.

        Raises:
            NotInstalledError: smartctl is not installed.
            OSError: it gives nothing that can be read.
        """
        scan = await self._ask("--json", "--scan-open")
        samples: list[Sample] = []
        for device in _rows(scan, "devices")[:_MOST_DISKS]:
            name, kind = str(device.get("name", "")), str(device.get("type", "auto"))
            if name.startswith("/dev/"):
                samples += await self._disk(name, kind)
        return samples

    async def _disk(self, name: str, kind: str) -> list[Sample]:
        which = f"{name} {kind}"
        try:
            told = await self._ask("--json", "--all", "--nocheck=standby", f"--device={kind}", name)
        except OSError as error:
            if which not in self._silent:
                log.warning("disk does not tell its health", disk=which, reason=error)
            self._silent.add(which)
            return []
        self._silent.discard(which)
        return list(samples_of(told))

    async def _ask(self, *arguments: str) -> dict[str, Any]:
        outcome = await self._program.ask(*arguments)
        try:
            told = json_of(outcome.output)
        except ValueError as error:
            raise OSError(f"smartctl: {outcome.reason or error}; it can give JSON since version 7") from error
        return told if isinstance(told, dict) else {}


def samples_of(told: dict[str, Any]) -> Iterator[Sample]:
    """One disk's samples, from smartctl's JSON."""
    name = _name(str(_at(told, "device", "name") or ""), str(_at(told, "device", "type") or ""))
    if not name:
        return

    def one(family: Family, value: object, **of: str) -> Iterator[Sample]:
        if isinstance(value, int | float):  # a bool is an int
            yield Sample(Series(family, labels(of, device=name)), float(value))

    serial, model = str(told.get("serial_number", "")), str(told.get("model_name", ""))
    info = {"model_name": model, "serial_number": serial, "firmware_version": str(told.get("firmware_version", ""))}
    info["protocol"] = str(_at(told, "device", "protocol") or "")
    yield from one(INFO, 1, **{key: printable(value) for key, value in info.items()})
    yield from one(EXIT_STATUS, _at(told, "smartctl", "exit_status"))
    yield from one(STATUS, _at(told, "smart_status", "passed"))
    yield from one(TEMPERATURE, _at(told, "temperature", "current"), temperature_type="current")
    hours = _at(told, "power_on_time", "hours")
    yield from one(POWER_ON, hours * 3600 if isinstance(hours, int) else None)
    for key, family in _NVME.items():
        yield from one(family, _at(told, "nvme_smart_health_information_log", key))
    for row in _rows(told, "ata_smart_attributes", "table")[:100]:
        of = {"attribute_name": printable(str(row.get("name", ""))), "attribute_id": str(row.get("id", ""))}
        for kind in ("value", "worst", "thresh"):
            yield from one(ATTRIBUTE, row.get(kind), attribute_value_type=kind, **of)
        yield from one(ATTRIBUTE, _at(row, "raw", "value"), attribute_value_type="raw", **of)


def _name(device: str, kind: str) -> str:
    """`sda`; of disks behind one controller, which share its device, `bus_0_megaraid_8`."""
    name = device.removeprefix("/dev/")
    return re.sub(r"\W+", "_", f"{name} {kind}") if name and "," in kind else printable(name)


def _at(told: dict[str, Any], *path: str) -> Any:
    """What is at a path; None when it is not there."""
    found: Any = told
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _rows(told: dict[str, Any], *path: str) -> list[dict[str, Any]]:
    """The rows at a path, those that are rows."""
    found = _at(told, *path)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
