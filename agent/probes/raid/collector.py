"""Hardware RAID: every maker's tool that is installed is asked, those that are not are left out."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping

from agent.probes.programs import NotInstalledError, Program
from agent.probes.raid import arcconf, ssacli, storcli
from agent.probes.raid.megaraid import megaraid_samples
from agent.probes.raid.model import Controller, DiskState, samples_of
from agent.sample import Family, Sample, Series
from core.labels import labels
from core.log import get_logger

log = get_logger(__name__)

SUCCESS = Family("raid_tool_success", "gauge", "Whether a RAID controllers' tool that is installed could be read.")

_SECONDS = 120.0  # for one command: a controller with a hundred disks takes half a minute
_MOST_OUTPUT = 16 * 2**20
_REMEDY = "install the controller's tool, or set host.raid.enabled to false in agent.yaml"


def _program(*paths: str) -> Program:
    return Program(paths=paths, remedy=_REMEDY, seconds=_SECONDS, most_output=_MOST_OUTPUT, most_memory=2**32)


PROGRAMS: dict[str, Program] = {
    # perccli is storcli under Dell's name: either sees all controllers.
    "storcli": _program(
        "/opt/MegaRAID/storcli/storcli64", "/usr/sbin/storcli64", "/usr/sbin/storcli", "/usr/local/sbin/storcli64",
        "/opt/MegaRAID/perccli/perccli64", "/usr/sbin/perccli64", "/usr/sbin/perccli", "/usr/local/sbin/perccli64",
    ),
    "ssacli": _program("/usr/sbin/ssacli", "/opt/smartstorageadmin/ssacli/bin/ssacli", "/usr/sbin/hpssacli"),
    "arcconf": _program("/usr/Arcconf/arcconf", "/usr/StorMan/arcconf", "/usr/sbin/arcconf", "/usr/local/sbin/arcconf"),
}  # fmt: skip


class RaidCollector:
    """Asks the tools.

    Args:
        programs: where each may be.
    """

    def __init__(self, programs: Mapping[str, Program] = PROGRAMS) -> None:
        self._programs = programs
        self._broken: set[str] = set()  # said when it began

    async def collect(self) -> list[Sample]:
        """Every controller's samples; a tool that fails costs its own.

        Raises:
            NotInstalledError: there is no tool.
        """
        samples: list[Sample] = []
        for tool, program in self._programs.items():
            try:
                found = await TOOLS[tool](tool, program)
            except NotInstalledError:
                continue
            except (OSError, ValueError) as error:
                found = []
                if tool not in self._broken:
                    remedy = "it needs root, see docs/deployment.md; or set host.raid.enabled to false"
                    log.warning("RAID controllers cannot be read", tool=tool, reason=error, remedy=remedy)
                self._broken.add(tool)
            else:
                self._broken.discard(tool)
            samples += [*found, Sample(Series(SUCCESS, labels(tool=tool)), float(tool not in self._broken))]
        if not samples:
            raise NotInstalledError(f"none of {', '.join(self._programs)} is installed; {_REMEDY}")
        return samples


async def _megaraid(tool: str, program: Program) -> list[Sample]:
    told = storcli.read_answers(await _ask(program, "/cALL", "show", "all", "J", "nolog"))
    details = await _drives(program) if told else {}
    controllers = {
        number: storcli.controller_of(number, answer, details.get(number, {})) for number, answer in told.items()
    }
    disks = {(number, disk.name): disk for number, one in controllers.items() for disk in one.disks}
    if any(disk.state is DiskState.REBUILDING for disk in disks.values()):
        with contextlib.suppress(OSError):
            output = await _ask(program, "/cALL/eALL/sALL", "show", "rebuild", "J", "nolog")
            for key, progress in storcli.read_rebuilds(output).items():
                if key in disks:
                    disks[key].progress = progress
    samples = _common(tool, controllers.values())
    for number, answer in told.items():
        samples += megaraid_samples(controllers[number], answer, details.get(number, {}))
    return samples


async def _drives(program: Program) -> dict[str, storcli.Answer]:
    """What is told about each drive, by the controller's number; what cannot be had is left out."""
    drives: dict[str, storcli.Answer] = {}
    for where in ("/cALL/eALL/sALL", "/cALL/sALL"):  # with an enclosure and without
        try:
            answers = storcli.read_answers(await _ask(program, where, "show", "all", "J", "nolog"))
        except (OSError, ValueError):  # no controller has such drives, or one does not answer
            continue
        for number, answer in answers.items():
            drives[number] = drives.get(number, {}) | answer
    return drives


async def _smart_array(tool: str, program: Program) -> list[Sample]:
    output = await _ask(program, "ctrl", "all", "show", "config", "detail")
    return _common(tool, ssacli.read_controllers(output))


async def _adaptec(tool: str, program: Program) -> list[Sample]:
    first = await _ask(program, "GETCONFIG", "1", "AL")
    controllers = []
    for number in range(1, arcconf.controllers_found(first) + 1):
        output = first if number == 1 else await _ask(program, "GETCONFIG", str(number), "AL")
        controllers.append(arcconf.read_controller(str(number), output))
    return _common(tool, controllers)


def _common(tool: str, controllers: Iterable[Controller]) -> list[Sample]:
    return [sample for controller in controllers for sample in samples_of(tool, controller)]


async def _ask(program: Program, *arguments: str) -> str:
    """What the tool prints, whatever its status: a controller that fails has one of its own.

    Raises:
        NotInstalledError: there is no such program.
        OSError: it prints nothing, or does not end.
    """
    outcome = await program.ask(*arguments)
    if not outcome.output.strip():
        raise OSError(outcome.reason or f"ended with status {outcome.status} and said nothing")
    return outcome.output


TOOLS: dict[str, Callable[[str, Program], Awaitable[list[Sample]]]] = {
    "storcli": _megaraid,
    "ssacli": _smart_array,
    "arcconf": _adaptec,
}
