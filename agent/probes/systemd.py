"""systemd's units by `systemctl show`, under node_exporter's names: one process a round, no library for D-Bus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from agent import patterns
from agent.probes.exec import ExecSettings, Trouble, run
from agent.sample import Family, Sample, Series
from core.labels import labels

STATE = Family("node_systemd_unit_state", "gauge", "Whether a unit is in a state.")
RESTARTS = Family("node_systemd_service_restart_total", "counter", "Automatic restarts of a service.")
UNITS = Family("node_systemd_units", "gauge", "Units by state.")

STATES = ("activating", "active", "deactivating", "failed", "inactive")
COMMAND = ("systemctl", "show", "--no-pager", "--property=Id,LoadState,ActiveState,Type,NRestarts", "*")
PATHS = ("/usr/bin/", "/bin/")
_MOST_UNITS = 2000
_MOST_OUTPUT = 4 * 2**20


class SystemdCollector:
    """Asks for every loaded unit.

    Args:
        include: whole names of units that are told one by one, in RE2.
        exclude: the same of units that are not.
        program: systemctl's path; None looks in the usual places.
    """

    def __init__(self, include: str, exclude: str, program: str | None = None) -> None:
        self._include = include
        self._exclude = exclude
        self._programs = [program] if program else [path + COMMAND[0] for path in PATHS]

    async def collect(self) -> list[Sample]:
        """The units' states.

        Raises:
            FileNotFoundError: there is no systemd.
            OSError: systemctl says something else.
        """
        for program in self._programs:
            settings = ExecSettings(
                command=(program, *COMMAND[1:]), environment={}, timeout_seconds=10, max_output=_MOST_OUTPUT
            )
            outcome = await run(settings)
            if outcome.trouble is Trouble.MISSING:
                continue
            if outcome.trouble is not None or outcome.status != 0:
                raise OSError(outcome.reason or outcome.output[:300].strip() or f"status {outcome.status}")
            return list(self._samples(outcome.output))
        raise FileNotFoundError("systemctl is not installed")

    def _samples(self, output: str) -> Iterator[Sample]:
        totals: Counter[str] = Counter(dict.fromkeys(STATES, 0))
        told = 0
        for unit in parse_units(output):
            name, state = unit.get("Id", ""), unit.get("ActiveState", "")
            if not name or unit.get("LoadState") not in ("loaded", "error", "bad-setting"):
                continue
            totals[state if state in STATES else "inactive"] += 1
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
    if unit.get("NRestarts", "").isdigit():
        yield Sample(Series(RESTARTS, labels(name=name)), float(unit["NRestarts"]))


def parse_units(output: str) -> Iterator[dict[str, str]]:
    """The properties of each unit: lines `Name=value`, units divided by an empty line."""
    for block in output.split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if unit:
            yield unit
