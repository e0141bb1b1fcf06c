"""Keeps the receiver of traps running: a process of its own, so that neither its work nor its end delays a poll."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random as random_module
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable

import msgspec

from agent.traps.wire import MOST_LINE_BYTES, Event, Message, Names, Ready, Setup, Stats
from core.clock import Clock
from core.facts import EventReport
from core.log import get_logger
from core.retry import Backoff

log = get_logger(__name__)

STEADY_SECONDS = 60.0  # a receiver that ran so long begins the back-off anew
_END_SECONDS = 2.0


class Supervisor:
    """Starts the receiver, and again when it ends.

    Attributes:
        stats: what the running receiver counted; None before its first account.
        restarts: how often it ended by itself.

    Args:
        keep: takes each event.
        command: what is run; the receiver with this interpreter.
    """

    def __init__(
        self,
        setup: Setup,
        keep: Callable[[EventReport], None],
        clock: Clock,
        *,
        command: tuple[str, ...] = (sys.executable, "-P", "-m", "agent.traps.child"),
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.stats: Stats | None = None
        self.restarts = 0
        self.ready = False
        self._setup = setup
        self._keep = keep
        self._clock = clock
        self._command = command
        self._backoff = Backoff(random, first_seconds=1, cap_seconds=60)
        self._decoder = msgspec.json.Decoder(Message)
        self._process: Process | None = None

    async def run(self) -> None:
        """Keep it running for ever; when cancelled, it has ended."""
        while True:
            began = self._clock.monotonic()
            reason = await self._once()
            self.restarts += 1
            self.ready = False
            self.stats = None
            if self._clock.monotonic() - began >= STEADY_SECONDS:
                self._backoff.reset()
            wait_seconds = 0.5 + self._backoff.next_seconds()
            log.error("receiver of traps ended, starting it again", reason=reason, seconds=round(wait_seconds, 1))
            await self._clock.sleep(wait_seconds)

    def rename(self, names: dict[str, str]) -> None:
        """Know devices by these names, by address, from now on."""
        self._setup = msgspec.structs.replace(self._setup, names=names)
        stdin = self._process.stdin if self._process is not None else None
        if stdin is not None and not stdin.is_closing():
            stdin.write(msgspec.json.encode(Names(names)) + b"\n")

    async def _once(self) -> str:
        """Run it once; returns why it ended."""
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, env=environment, limit=MOST_LINE_BYTES
            )
        except OSError as error:
            return str(error)
        try:
            return await self._listen(process)
        finally:
            self._process = None
            await _end(process)

    async def _listen(self, process: Process) -> str:
        assert process.stdin is not None, "it was asked for"
        assert process.stdout is not None, "it was asked for"
        with contextlib.suppress(ConnectionError):
            process.stdin.write(msgspec.json.encode(self._setup) + b"\n")
            self._process = process
            await process.stdin.drain()
        try:
            while line := await process.stdout.readline():
                self._take(self._decoder.decode(line))
        except ValueError as error:  # a line that is too long, or no message
            return f"it said what cannot be: {error}"
        return f"exit status {await process.wait()}"

    def _take(self, message: Message) -> None:
        if isinstance(message, Event):
            self._keep(message.event)
        elif isinstance(message, Stats):
            self.stats = message
        elif isinstance(message, Ready):
            self.ready = True
            log.info("receiving traps", address=self._setup.host, port=self._setup.port, engine_id=message.engine_id)


async def _end(process: Process) -> None:
    """End the process, kindly at first."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _END_SECONDS)
    except (TimeoutError, asyncio.CancelledError):
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
