"""systemd's units by `systemctl show`, under node_exporter's names: two processes a round, no library for D-Bus."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator

from agent import patterns
from agent.probes.programs import Program
from agent.sample import Family, Kind, Sample, Series
from core.labels import labels


def _family(name: str, kind: Kind, text: str) -> Family:
    return Family(f"node_systemd_{name}", kind, text)


STATE = _family("unit_state", "gauge", "Whether a unit is in a state.")
UNITS = _family("units", "gauge", "Units by state.")
RESTARTS = _family("service_restart_total", "counter", "Automatic restarts of a service.")
STARTED = _family("unit_start_time_seconds", "gauge", "Since when a unit is active, in Unix time; 0 when it is not.")
TRIGGERED = _family("timer_last_trigger_seconds", "gauge", "When a timer went off last, in Unix time; 0 before that.")
ACCEPTED = _family("socket_accepted_connections_total", "counter", "Connections that a socket has accepted.")
CONNECTIONS = _family("socket_current_connections", "gauge", "Connections of a socket that are open.")
REFUSED = _family(
    "socket_refused_connections_total", "counter", "Connections that a socket has refused: it has a limit."
)
RUNNING = _family("system_running", "gauge", "Whether the system is up and no unit has failed.")
VERSION = _family("version", "gauge", "systemd's version as a number.")
VIRTUALIZATION = _family("virtualization_info", "gauge", "What this machine runs within, by systemd's name; always 1.")

STATES = ("activating", "active", "deactivating", "failed", "inactive")
_UNIT = "Id,LoadState,ActiveState,Type,NRestarts,ActiveEnterTimestamp,LastTriggerUSec,NAccepted,NConnections,NRefused"
_COUNTS = {"NRestarts": RESTARTS, "NAccepted": ACCEPTED, "NConnections": CONNECTIONS, "NRefused": REFUSED}
PROGRAM = Program(
    paths=("/usr/bin/systemctl", "/bin/systemctl"),
    remedy="there is no systemd on this host: set host.systemd.enabled to false in agent.yaml",
    seconds=10,
    environment={"TZ": "UTC"},  # in which it tells times
)
_MOST_UNITS = 2000
_TIME = re.compile(r"\w+ (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", re.ASCII)
_NUMBER = re.compile(r"\d{3,5}(?:\.\d{1,5})?", re.ASCII)


class SystemdCollector:
    """Asks for every loaded unit.

    Args:
        include: whole names of units that are told one by one, in RE2.
        exclude: the same of units that are not.
    """

    def __init__(self, include: str, exclude: str, program: Program = PROGRAM) -> None:
        self._include = include
        self._exclude = exclude
        self._program = program

    async def collect(self) -> list[Sample]:
        """The units' states.

        Raises:
            NotInstalledError: there is no systemctl.
            OSError: systemctl says something else, as where systemd does not run.
        """
        units = await self._show("--all", f"--property={_UNIT}", "*")  # without --all none that is inactive
        manager = await self._show("--property=SystemState,Version,Virtualization")
        return [*self._units(units), *_manager(manager)]

    async def _show(self, *arguments: str) -> str:
        outcome = await self._program.ask("show", "--no-pager", *arguments)
        if outcome.trouble is not None or outcome.status != 0:
            reason = outcome.reason or outcome.output[:300].strip() or f"status {outcome.status}"
            needs = "it needs a running systemd and, for others than root, its bus (package dbus)"
            raise OSError(f"systemctl: {reason}; {needs}; where there is none, set host.systemd.enabled to false")
        return outcome.output

    def _units(self, output: str) -> Iterator[Sample]:
        totals: Counter[str] = Counter(dict.fromkeys(STATES, 0))
        told = 0
        for unit in parse_units(output):
            name, state = unit.get("Id", ""), unit.get("ActiveState", "")
            state = "active" if state in ("reloading", "refreshing") else state if state in STATES else "inactive"
            totals[state] += 1
            if not name or unit.get("LoadState") not in ("loaded", "error", "bad-setting"):
                continue
            wanted = patterns.is_whole(self._include, name) and not patterns.is_whole(self._exclude, name)
            if wanted and told < _MOST_UNITS:
                told += 1
                yield from _unit(name, state, unit)
        for state in STATES:
            yield Sample(Series(UNITS, labels(state=state)), totals[state])


def _unit(name: str, state: str, unit: dict[str, str]) -> Iterator[Sample]:
    for possible in STATES:
        of = labels(name=name, state=possible, type=unit.get("Type", ""))
        yield Sample(Series(STATE, of), float(state == possible))
    of = labels(name=name)
    started = unix_time(unit.get("ActiveEnterTimestamp", "")) if state == "active" else 0
    yield Sample(Series(STARTED, of), started)
    for key, family in _COUNTS.items():
        if unit.get(key, "").isdecimal():
            yield Sample(Series(family, of), float(unit[key]))
    if "LastTriggerUSec" in unit and name.endswith(".timer"):
        yield Sample(Series(TRIGGERED, of), unix_time(unit["LastTriggerUSec"]))


def _manager(output: str) -> Iterator[Sample]:
    """The manager itself; what an old version does not know is left out."""
    for told in parse_units(output):
        if "SystemState" in told:
            yield Sample(Series(RUNNING), float(told["SystemState"] == "running"))
        number = _NUMBER.search(told.get("Version", ""))
        if number is not None:
            yield Sample(Series(VERSION, labels(version=told["Version"][:100])), float(number[0]))
        if "Virtualization" in told:
            yield Sample(
                Series(VIRTUALIZATION, labels(virtualization_type=told["Virtualization"][:100] or "none")), 1.0
            )


def parse_units(output: str) -> Iterator[dict[str, str]]:
    """The properties of each unit: lines `Name=value`, units divided by an empty line."""
    for block in output.split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if unit:
            yield unit


def unix_time(told: str) -> float:
    """Seconds of a time that systemctl tells in UTC, `Sun 2026-11-22 23:30:10 UTC`; 0 for none."""
    found = _TIME.fullmatch(told)
    try:
        return dt.datetime.fromisoformat(f"{found[1]}+00:00").timestamp() if found is not None else 0.0
    except ValueError:
        return 0.0
