"""The series of storcli's text-file collector script, `megaraid_*`, which people have dashboards and rules for."""

from __future__ import annotations

from collections.abc import Iterator

from agent.probes.printable import printable
from agent.probes.raid.model import MOST, Controller, number_in
from agent.probes.raid.storcli import Answer, at, details_of, drive_rows, items, part_of, text
from agent.sample import Family, Sample, Series
from core.labels import labels


def _gauge(name: str, text: str) -> Family:
    return Family(f"megaraid_{name}", "gauge", text)


CONTROLLER_INFO = _gauge("controller_info", "A MegaRAID controller; always 1.")
HEALTHY = _gauge("healthy", "Whether the controller's status is Optimal, or OK.")
DEGRADED = _gauge("degraded", "Whether the controller's status is Degraded.")
FAILED = _gauge("failed", "Whether the controller's status is Failed.")
BATTERY = _gauge("battery_backup_healthy", "Whether the battery or CacheVault is well.")
TEMPERATURE = _gauge("temperature", "Temperature of the controller's chip in degrees Celsius.")
CV_TEMPERATURE = _gauge("cv_temperature", "Temperature of a CacheVault in degrees Celsius.")
PORTS = _gauge("ports", "Ports towards the disks.")
DRIVE_GROUPS = _gauge("drive_groups", "Drive groups.")
VIRTUAL_DRIVES = _gauge("virtual_drives", "Virtual drives.")
PHYSICAL_DRIVES = _gauge("physical_drives", "Physical drives.")
VD_INFO = _gauge("vd_info", "A virtual drive with its state in the controller's words; always 1.")
PD_INFO = _gauge("pd_info", "A physical drive with its state in the controller's words; always 1.")
PD_COUNTS = {
    "Shield Counter": _gauge("pd_shield_counter", "How often a drive was taken out for diagnosis."),
    "Media Error Count": _gauge("pd_media_errors", "Errors of a drive's media."),
    "Other Error Count": _gauge("pd_other_errors", "Other errors of a drive, such as of its cable."),
    "Predictive Failure Count": _gauge("pd_predictive_errors", "How often a drive said that it expects to fail."),
}
PD_SMART = _gauge("pd_smart_alerted", "Whether a drive's S.M.A.R.T. raised an alert.")

_PD_WORDS = {"disk_id": "DID", "interface": "Intf", "media": "Med", "model": "Model", "DG": "DG", "state": "State"}
_VD_WORDS = {"name": "Name", "cache": "Cache", "type": "TYPE", "state": "State"}


def megaraid_samples(controller: Controller, answer: Answer, drives: Answer) -> Iterator[Sample]:
    """The series of a controller; see `agent.probes.raid.storcli.controller_of` for the answers."""
    number = controller.name
    status = text(at(answer, "Status", "Controller Status"))
    info = {"model": controller.model, "serial": controller.serial, "fwversion": controller.firmware}
    yield from _one(CONTROLLER_INFO, 1, number, **info)
    for family, words in ((HEALTHY, ("Optimal", "OK")), (DEGRADED, ("Degraded",)), (FAILED, ("Failed",))):
        yield from _one(family, float(status in words) if status else None, number)
    yield from _one(BATTERY, controller.battery, number)
    yield from _one(TEMPERATURE, controller.temperature, number)
    yield from _one(PORTS, number_in(at(answer, "HwCfg", "Backend Port Count")), number)
    for index, row in enumerate(items(at(answer, "Cachevault_Info"))[:10]):
        yield from _one(CV_TEMPERATURE, number_in(row.get("Temp")), number, cvidx=str(index))
    for family, key in ((DRIVE_GROUPS, "Drive Groups"), (VIRTUAL_DRIVES, "Virtual Drives")):
        yield from _one(family, number_in(answer.get(key)), number)
    yield from _one(PHYSICAL_DRIVES, len(controller.disks), number)
    for row in _once(items(at(answer, "VD LIST")), "DG/VD"):
        group, _, drive = text(row.get("DG/VD")).partition("/")
        told = {label: row.get(key) for label, key in _VD_WORDS.items()}
        yield from _one(VD_INFO, 1, number, DG=group, VG=drive, **told)
    details = details_of(answer, drives)
    for row in _once(drive_rows(answer), "EID:Slt"):
        yield from _drive(row, number, details)


def _drive(row: Answer, number: str, details: Answer) -> Iterator[Sample]:
    enclosure, _, slot = text(row.get("EID:Slt")).rpartition(":")
    of = {"enclosure": enclosure, "slot": slot}
    said = part_of(row, number, details, " State")
    attributes = part_of(row, number, details, " Device attributes")
    told = {label: row.get(key) for label, key in _PD_WORDS.items()}
    told |= {"firmware": attributes.get("Firmware Revision"), "serial": attributes.get("SN")}
    yield from _one(PD_INFO, 1, number, **of, **told)
    for key, family in PD_COUNTS.items():
        yield from _one(family, number_in(said.get(key)), number, **of)
    alert = text(said.get("S.M.A.R.T alert flagged by drive"))
    yield from _one(PD_SMART, float(alert == "Yes") if alert else None, number, **of)


def _one(family: Family, value: float | None, number: str, **more: object) -> Iterator[Sample]:
    if value is not None:
        of = {key: printable(text(told)) for key, told in more.items()}
        yield Sample(Series(family, labels(of, controller=number)), float(value))


def _once(rows: list[Answer], key: str) -> list[Answer]:
    return list({text(row.get(key)): row for row in rows[:MOST]}.values())
