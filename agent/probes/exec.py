"""Programs of the Nagios plugin interface: exit status 0 to 3, one line of text, performance data.

Run without a shell, as the agent's user, with an environment of its own and limits; the whole process group ends with
the time limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.probes.perfdata import Output, Range, Value, parse_output
from agent.sample import Family, Sample, Series
from core.clock import Clock
from core.labels import labels
from core.log import get_logger

log = get_logger(__name__)

STATUS = Family("exec_status", "gauge", "What the plugin says: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.")
DURATION = Family("exec_duration_seconds", "gauge", "How long the plugin ran.")
FAILURE = Family("exec_failure_info", "gauge", "Why the plugin's word does not count, by class; absent while it does.")
DAMAGED = Family("exec_perfdata_damaged", "gauge", "Values of performance data that cannot be read.")
PERFDATA = Family("exec_perfdata", "gauge", "Performance data in base units.")
WARN = Family("exec_perfdata_warn", "gauge", "End of the range outside of which the plugin warns.")
CRIT = Family("exec_perfdata_crit", "gauge", "End of the range outside of which the plugin is critical.")
LOW = Family("exec_perfdata_min", "gauge", "The least that the value can be.")
HIGH = Family("exec_perfdata_max", "gauge", "The most that the value can be.")

UNKNOWN = 3
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PIECE = 16 * 2**10


class Trouble(enum.StrEnum):
    """Why a plugin's word does not count; values of the label `class`."""

    TIMEOUT = "timeout"
    MISSING = "missing"  # there is no such program
    PERMISSION = "permission"
    SIGNAL = "signal"  # it was killed, be it by a limit
    STATUS = "status"  # an exit status above 3
    SYSTEM = "system"  # the machine has no room for another process


# What to do about it, for the log.
REMEDIES: dict[Trouble, str] = {
    Trouble.TIMEOUT: "raise `timeout` and `interval`, or see what the plugin waits for",
    Trouble.MISSING: "install the plugin, or mend its path in `command`; it is run without a shell",
    Trouble.PERMISSION: "the file must be executable, and the agent's user must reach it",
    Trouble.SIGNAL: "see whether it crashes, or needs more than `max_memory`",
    Trouble.STATUS: "a plugin ends with 0 to 3; run the command by hand as the agent's user",
    Trouble.SYSTEM: "this host has no room for another process: look at memory and process limits",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecSettings:
    """What is run, and how far it may go.

    Attributes:
        environment: added to PATH and LC_ALL=C; nothing of the agent's own is passed on.
        max_output: what is beyond is read and dropped.
        max_memory: address space of each process.
        max_files: open files of each process.
        stop_when_full: whether the program is ended when it has printed that much, instead; what it printed counts,
            also when its time is up.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    timeout_seconds: float
    max_output: int = 64 * 2**10
    max_memory: int = 2**30
    max_files: int = 256
    stop_when_full: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; `cut` when the program was ended because it had printed enough, which is no trouble."""

    status: int
    output: str
    trouble: Trouble | None = None
    reason: str = ""
    cut: bool = False


class ExecProbe:
    """Runs one plugin. It never fails itself: what is wrong with the plugin is status 3 with a class."""

    def __init__(self, settings: ExecSettings, clock: Clock, *, name: str) -> None:
        self._settings = settings
        self._clock = clock
        self._name = name
        self._known: dict[tuple[Family, tuple[tuple[str, str], ...]], Series] = {}
        self._said: tuple[int, Trouble | None] = (0, None)

    async def collect(self) -> list[Sample]:
        start = self._clock.monotonic()
        outcome = await run(self._settings)
        output = parse_output(outcome.output)
        self._tell(outcome, output)
        samples = [
            self._one(STATUS, outcome.status),
            self._one(DURATION, self._clock.monotonic() - start),
            self._one(DAMAGED, output.damaged),
        ]
        if outcome.trouble is not None:
            samples.append(self._one(FAILURE, 1, ("class", outcome.trouble.value)))
        for value in output.values:
            samples += self._value(value)
        return samples

    def _value(self, value: Value) -> list[Sample]:
        of = (("label", value.label), ("unit", value.unit))
        samples = [self._one(PERFDATA, value.value, *of)]
        for family, limit in ((WARN, value.warn), (CRIT, value.crit)):
            samples += self._ends(family, limit, of)
        for family, end in ((LOW, value.low), (HIGH, value.high)):
            if end is not None:
                samples.append(self._one(family, end, *of))
        return samples

    def _ends(self, family: Family, limit: Range | None, of: tuple[tuple[str, str], ...]) -> list[Sample]:
        if limit is None:
            return []
        more = (("range", "inside" if limit.inside else "outside"),)
        return [
            self._one(family, limit.low, *of, *more, ("end", "low")),
            self._one(family, limit.high, *of, *more, ("end", "high")),
        ]

    def _one(self, family: Family, value: float, *of: tuple[str, str]) -> Sample:
        series = self._known.get((family, of))
        if series is None:
            if len(self._known) > 5000:  # a plugin whose labels change all the time
                self._known.clear()
            series = self._known[family, of] = Series(family, labels(of))
        return Sample(series, value)

    def _tell(self, outcome: Outcome, output: Output) -> None:
        """The plugin's text when its status changes; it is no label, it may change each time."""
        said = (outcome.status, outcome.trouble)
        if said != self._said:
            speak = log.info if outcome.status == 0 else log.warning
            more = {} if outcome.trouble is None else {"remedy": REMEDIES[outcome.trouble]}
            text = (outcome.reason or output.text)[:300]
            speak("plugin says", instance=self._name, status=outcome.status, text=text, **more)
        self._said = said


async def run(settings: ExecSettings) -> Outcome:
    """Run the program to its end or to its time limit."""
    try:
        process = await asyncio.create_subprocess_exec(
            *settings.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": PATH, "LC_ALL": "C", **settings.environment},
            cwd="/",
            start_new_session=True,
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        return Outcome(UNKNOWN, "", Trouble.MISSING, str(error))
    except PermissionError as error:
        return Outcome(UNKNOWN, "", Trouble.PERMISSION, str(error))
    except (OSError, ValueError) as error:
        return Outcome(UNKNOWN, "", Trouble.SYSTEM, str(error))
    _limit(process.pid, settings)
    output = bytearray()
    try:
        async with asyncio.timeout(settings.timeout_seconds):
            full = await _read(process, output, settings)
            status = 0 if full else await process.wait()
    except TimeoutError:
        so_far = output.decode("utf-8", "replace") if settings.stop_when_full else ""  # half a verdict is none
        return Outcome(UNKNOWN, so_far, Trouble.TIMEOUT, f"did not end within {settings.timeout_seconds:g} s")
    finally:
        await _end(process)
    spelled = output.decode("utf-8", "replace")
    return Outcome(0, spelled, cut=True) if full else _judge(status, spelled)


def _judge(status: int, output: str) -> Outcome:
    if status < 0:
        return Outcome(UNKNOWN, output, Trouble.SIGNAL, f"was killed by {_signal_name(-status)}")
    if status > UNKNOWN:
        return Outcome(UNKNOWN, output, Trouble.STATUS, f"ended with status {status}: {output[:200].strip()}")
    return Outcome(status, output)


def _signal_name(number: int) -> str:
    return next((one.name for one in signal.Signals if one == number), f"signal {number}")  # real-time ones have none


async def _read(process: asyncio.subprocess.Process, output: bytearray, settings: ExecSettings) -> bool:
    """Read to the program's end, which is false, or to where it is to be ended."""
    if process.stdout is None:
        raise ValueError("no pipe")
    most = settings.max_output
    while piece := await process.stdout.read(_PIECE):
        beyond = len(output) + len(piece) > most
        output += piece[: most - len(output)]
        if beyond and settings.stop_when_full:
            return True
    return False


def _limit(pid: int, settings: ExecSettings) -> None:
    """Limits from outside, just after the start: code between fork and exec could hang in a process with threads."""
    if sys.platform != "linux":  # nobody else has prlimit(2)
        return
    import resource  # noqa: PLC0415 - not on every system

    seconds = int(settings.timeout_seconds) + 1
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: settings.max_memory,
        resource.RLIMIT_NOFILE: settings.max_files,
        resource.RLIMIT_FSIZE: 64 * 2**20,
    }
    for limit, value in limits.items():
        with contextlib.suppress(OSError, ValueError):  # it has ended
            resource.prlimit(pid, limit, (value, value))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of a program that has not ended, with all that it started, and close the pipe.

    A grandchild in a group of its own may hold the pipe's other end; it is on its own then.
    """
    transport = process._transport  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way to close it
    try:
        if process.returncode is None or not transport.is_closing():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await process.wait()
    finally:
        transport.close()
