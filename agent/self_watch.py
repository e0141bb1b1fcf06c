"""Watches what the agent uses, and acts on `agent.restraint`'s verdicts; starts over when nothing else helps."""

from __future__ import annotations

import ctypes
import enum
import gc
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent.own_events import OwnEvents
from agent.process_stats import cpu_seconds, read_resident_bytes
from agent.restraint import LOOK_SECONDS, Restraint, Usage, Verdict
from agent.runner import Runner
from core.clock import Clock
from core.log import get_logger

log = get_logger(__name__)

_OFTEN = {1: "all", 2: "every second", 3: "every third", 4: "every fourth"}
RESTARTS_FILE = "restarts.json"


class RestartReason(enum.StrEnum):
    """Why an agent started itself anew; values of the label `reason`."""

    MEMORY = "memory"


def read_usage() -> Usage:
    """What this process used until now."""
    return Usage(cpu_seconds(), read_resident_bytes())


class SelfWatch:
    """Looks every few seconds, for ever.

    Args:
        restart: called once to end the process in order and begin it again.
        usage: what was used until now.

    Attributes:
        restarting: whether the process is to begin again.
        restarts: since the agent was installed, by reason: kept on disk, or a restart would forget itself.
    """

    def __init__(
        self,
        restraint: Restraint,
        runner: Runner,
        events: OwnEvents,
        clock: Clock,
        *,
        folder: Path,
        restart: Callable[[], None],
        usage: Callable[[], Usage] = read_usage,
    ) -> None:
        self.restraint = restraint
        self.restarts = _read_restarts(folder / RESTARTS_FILE)
        self.reliefs = 0
        self._runner = runner
        self._events = events
        self._clock = clock
        self._file = folder / RESTARTS_FILE
        self._restart = restart
        self._usage = usage
        self.restarting = False

    async def run(self) -> None:
        """Look and act, for ever."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            self.step()

    def step(self) -> None:
        """Look once, and act."""
        usage = self._usage()
        verdict = self.restraint.look(self._clock.monotonic(), usage)
        if verdict.relieve:
            relieve()
            self.reliefs += 1
        if verdict.stretch != self._runner.stretch:
            self._stretch(verdict, usage)
        if verdict.restart and not self.restarting:
            self.restarting = True
            self.restarts[RestartReason.MEMORY] += 1
            _write_restarts(self._file, self.restarts)
            log.warning("more memory than limits.memory, starting anew", resident_bytes=usage.resident_bytes)
            self._restart()

    def _stretch(self, verdict: Verdict, usage: Usage) -> None:
        eased = verdict.stretch < self._runner.stretch
        self._runner.stretch = verdict.stretch
        word = "less again" if eased else f"more than {' and '.join(verdict.because)}"
        often = _OFTEN.get(verdict.stretch, f"one in {verdict.stretch}")
        self._events.say(
            "agent",
            f"the agent uses {word}: targets are read at {often} of their instants",
            resident_bytes="unknown" if usage.resident_bytes is None else str(usage.resident_bytes),
            memory_limit_bytes=str(self.restraint.memory_bytes),
            cpu_limit_ratio=f"{self.restraint.cpu_ratio:g}",
        )


def relieve() -> None:
    """Give back what memory can be: unreachable objects, and what the allocator holds (malloc_trim(3))."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own
    if trim is not None:
        trim(0)


def _read_restarts(file: Path) -> Counter[RestartReason]:
    try:
        return Counter(msgspec.json.decode(file.read_bytes(), type=dict[RestartReason, int]))
    except (OSError, msgspec.MsgspecError):
        return Counter()


def _write_restarts(file: Path, restarts: Counter[RestartReason]) -> None:
    try:
        file.write_bytes(msgspec.json.encode(dict(restarts)))
    except OSError as error:
        log.warning("number of restarts cannot be kept", file=file, reason=error)
