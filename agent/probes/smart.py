"""Disks' own account of their health (S.M.A.R.T., NVMe) by `smartctl --json`, under smartctl_exporter's names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from agent.probes.exec import ExecSettings, Trouble, run
from agent.sample import Family, Sample, Series
from core.labels import labels


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
_SECONDS = 30.0
_PATHS = ("/usr/sbin/smartctl", "/usr/bin/smartctl", "/usr/local/sbin/smartctl")


class SmartCollector:
    """Asks every disk that smartctl finds; a disk that sleeps is not woken.

    Args:
        programs: where smartctl may be.
    """

    def __init__(self, programs: tuple[str, ...] = _PATHS) -> None:
        self._programs = programs

    async def collect(self) -> list[Sample]:
        """Every disk's samples.

        Raises:
            FileNotFoundError: smartctl is not installed.
            OSError: it gives nothing that can be read.
        """
        program, scan = await self._scan()
        samples: list[Sample] = []
        for device in scan.get("devices", [])[:_MOST_DISKS]:
            name, kind = str(device.get("name", "")), str(device.get("type", "auto"))
            if not name.startswith("/dev/"):
                continue
            told = await _ask(program, "--json", "--all", "--nocheck=standby", f"--device={kind}", name)
            if told is not None:
                samples += samples_of(told)
        return samples

    async def _scan(self) -> tuple[str, dict[str, Any]]:
        for program in self._programs:
            scan = await _ask(program, "--json", "--scan-open")
            if scan is not None:
                return program, scan
        raise FileNotFoundError("smartctl is not installed")


async def _ask(*command: str) -> dict[str, Any] | None:
    """What smartctl says; None when there is no such program."""
    settings = ExecSettings(command=command, environment={}, timeout_seconds=_SECONDS, max_output=2**20)
    outcome = await run(settings)
    if outcome.trouble is Trouble.MISSING:
        return None
    try:
        told = msgspec.json.decode(outcome.output)
    except msgspec.DecodeError as error:
        raise OSError(f"smartctl: {outcome.reason or error}") from error
    return told if isinstance(told, dict) else {}


def samples_of(told: dict[str, Any]) -> Iterator[Sample]:
    """One disk's samples, from smartctl's JSON."""
    name = str(_at(told, "device", "name") or "").removeprefix("/dev/")
    if not name:
        return

    def one(family: Family, value: object, **of: str) -> Iterator[Sample]:
        if isinstance(value, int | float):  # a bool is an int
            yield Sample(Series(family, labels(of, device=name)), float(value))

    serial, model = str(told.get("serial_number", "")), str(told.get("model_name", ""))
    info = {"model_name": model, "serial_number": serial, "firmware_version": str(told.get("firmware_version", ""))}
    info["protocol"] = str(_at(told, "device", "protocol") or "")
    yield from one(INFO, 1, **{key: _printable(value) for key, value in info.items()})
    yield from one(EXIT_STATUS, _at(told, "smartctl", "exit_status"))
    yield from one(STATUS, _at(told, "smart_status", "passed"))
    yield from one(TEMPERATURE, _at(told, "temperature", "current"), temperature_type="current")
    hours = _at(told, "power_on_time", "hours")
    yield from one(POWER_ON, hours * 3600 if isinstance(hours, int) else None)
    for key, family in _NVME.items():
        yield from one(family, _at(told, "nvme_smart_health_information_log", key))
    for row in (_at(told, "ata_smart_attributes", "table") or [])[:100]:
        of = {"attribute_name": _printable(str(row.get("name", ""))), "attribute_id": str(row.get("id", ""))}
        for kind in ("value", "worst", "thresh"):
            yield from one(ATTRIBUTE, row.get(kind), attribute_value_type=kind, **of)
        yield from one(ATTRIBUTE, _at(row, "raw", "value"), attribute_value_type="raw", **of)


def _at(told: dict[str, Any], *path: str) -> Any:
    """What is at a path; None when it is not there."""
    found: Any = told
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())[:200]
