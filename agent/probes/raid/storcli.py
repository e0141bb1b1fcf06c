"""MegaRAID and PERC controllers by `storcli` or `perccli` with JSON (Broadcom's StorCLI reference manual)."""

from __future__ import annotations

import re
from typing import Any

from agent.probes.programs import json_of
from agent.probes.raid.model import MOST, Controller, Disk, DiskState, Volume, VolumeState, number_in

VOLUME_STATES = {
    "optl": VolumeState.OPTIMAL, "pdgd": VolumeState.DEGRADED, "dgrd": VolumeState.DEGRADED,
    "rec": VolumeState.REBUILDING, "ofln": VolumeState.FAILED,
}  # fmt: skip
DISK_STATES = {
    "onln": DiskState.ONLINE, "jbod": DiskState.ONLINE, "conf": DiskState.ONLINE, "ghs": DiskState.SPARE,
    "dhs": DiskState.SPARE, "ugood": DiskState.READY, "uconf": DiskState.READY, "rbld": DiskState.REBUILDING,
    "cpybck": DiskState.REBUILDING, "offln": DiskState.FAILED, "ofln": DiskState.FAILED, "ubad": DiskState.FAILED,
    "ubunsp": DiskState.FAILED, "failed": DiskState.FAILED, "msng": DiskState.FAILED, "missing": DiskState.FAILED,
}  # fmt: skip
_HEALTHY_BATTERY = (0, 32)  # bits of BBU Status: none, or that the learn cycle is on its way
_DRIVE = re.compile(r"/c(\d{1,5})(?:/e(\d{1,5}))?/s(\d{1,5})", re.ASCII)
_DETAILS = " - Detailed Information"

Answer = dict[str, Any]  # `Response Data` of a controller, by the controller's number as text


def read_answers(output: str) -> dict[str, Answer]:
    """What each controller answered to one command; those that the command failed for are left out.

    Raises:
        ValueError: that is no answer of storcli; the message is for people.
    """
    told = json_of(output)
    found: dict[str, Answer] = {}
    said = ""
    for one in items(at(told, "Controllers"))[:MOST]:
        number, answer = at(one, "Command Status", "Controller"), at(one, "Response Data")
        said = text(at(one, "Command Status", "Description")) or said
        if isinstance(number, int) and isinstance(answer, dict):
            found[str(number)] = answer
    if not found and "no controller" not in said.lower():
        raise ValueError(said or "names no controller")
    return found


def read_rebuilds(output: str) -> dict[tuple[str, str], float]:
    """How far rebuilds are, by controller and disk, from `/cALL/eALL/sALL show rebuild`; none when it says none."""
    try:
        told = json_of(output)
    except ValueError:
        return {}
    found: dict[tuple[str, str], float] = {}
    for one in items(at(told, "Controllers"))[:MOST]:
        for row in items(at(one, "Response Data"))[:MOST]:
            where, done = _DRIVE.fullmatch(text(row.get("Drive-ID"))), number_in(row.get("Progress%"))
            if where is not None and done is not None:
                found[where[1], f"{where[2] or ''}:{where[3]}"] = min(max(done / 100, 0.0), 1.0)
    return found


def controller_of(number: str, answer: Answer, drives: Answer) -> Controller:
    """A controller from the answers to `/cALL show all` and `/cALL/eALL/sALL show all`; the latter may lack."""
    status = text(at(answer, "Status", "Controller Status"))
    return Controller(
        number,
        model=text(at(answer, "Basics", "Model")),
        serial=text(at(answer, "Basics", "Serial Number")),
        firmware=text(at(answer, "Version", "Firmware Version")),
        healthy=status.lower() in ("optimal", "ok") if status else None,
        battery=_battery(answer),
        temperature=_chip(answer),
        volumes=[_volume(row) for row in items(at(answer, "VD LIST"))],
        disks=[_disk(row, number, details_of(answer, drives)) for row in drive_rows(answer)],
    )


def drive_rows(answer: Answer) -> list[Answer]:
    """The table of drives: of a host bus adapter they stand one by one among their details."""
    apart = at(answer, "Physical Device Information")
    if isinstance(apart, dict):
        return [row for key, rows in apart.items() if not key.endswith(_DETAILS) for row in items(rows)[:1]]
    return items(at(answer, "PD LIST"))


def details_of(answer: Answer, drives: Answer) -> Answer:
    """What is told about each drive by itself, wherever it stands."""
    apart = at(answer, "Physical Device Information")
    return drives | apart if isinstance(apart, dict) else drives


def _volume(row: Answer) -> Volume:
    state = VOLUME_STATES.get(text(row.get("State")).lower(), VolumeState.OTHER)
    return Volume(text(row.get("DG/VD")), text(row.get("TYPE")), state)


def _disk(row: Answer, number: str, details: Answer) -> Disk:
    said, attributes = (part_of(row, number, details, part) for part in (" State", " Device attributes"))
    alert = text(said.get("S.M.A.R.T alert flagged by drive"))
    count = number_in(said.get("Predictive Failure Count"))
    return Disk(
        text(row.get("EID:Slt")),
        DISK_STATES.get(text(row.get("State")).lower(), DiskState.OTHER),
        model=text(row.get("Model")),
        serial=text(attributes.get("SN")),
        failing=None if not alert and count is None else alert == "Yes" or bool(count),
        media_errors=number_in(said.get("Media Error Count")),
        temperature=number_in(said.get("Drive Temperature")),
    )


def part_of(row: Answer, number: str, details: Answer, part: str) -> Answer:
    """A part of what is told about a drive, by the end of its name: ` State`, ` Device attributes`."""
    enclosure, _, slot = text(row.get("EID:Slt")).rpartition(":")
    where = f"/e{enclosure.strip()}" if enclosure.strip() else ""
    drive = f"Drive /c{number}{where}/s{slot.strip()}"
    found = at(details, drive + _DETAILS, drive + part)
    return found if isinstance(found, dict) else {}


def _battery(answer: Answer) -> bool | None:
    rows = [*items(at(answer, "BBU_Info")), *items(at(answer, "Cachevault_Info"))]
    if rows:
        return all(text(row.get("State")).lower().startswith("optimal") for row in rows)
    status = at(answer, "Status", "BBU Status")
    present = text(at(answer, "HwCfg", "BBU")) not in ("Absent", "")
    return status in _HEALTHY_BATTERY if present and isinstance(status, int) else None


def _chip(answer: Answer) -> float | None:
    """The chip's temperature; older versions spell its unit wrong."""
    config = at(answer, "HwCfg")
    for key, value in config.items() if isinstance(config, dict) else ():
        if key.startswith("ROC temperature"):
            return number_in(value)
    return None


def at(told: object, *path: str) -> Any:
    """What is at a path; None when it is not there."""
    found: Any = told
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def items(told: object) -> list[Answer]:
    """The rows of a table, those that are rows."""
    return [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []


def text(told: object) -> str:
    """A word or number as text; "" for anything else."""
    return str(told).strip() if isinstance(told, str | int | float) and not isinstance(told, bool) else ""
