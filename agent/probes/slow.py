"""Subjects that take long, read at a pace of their own: a host's collection takes what is there and hardly waits."""

from __future__ import annotations

import asyncio

from agent.probes.host.collector import Collector
from agent.sample import Sample
from core.clock import Clock

FIRST_WAIT_SECONDS = 3.0  # there may be several such subjects, and a first collection must end in time, too


class Slow:
    """Repeats what a collector gave the last time, and starts it again when it is due.

    Args:
        pace_seconds: from one start to the next.
        limit_seconds: for one run; it has failed then.
        patience_seconds: how long a collection waits for the run that it started.
    """

    def __init__(
        self,
        collector: Collector,
        clock: Clock,
        *,
        pace_seconds: float,
        limit_seconds: float,
        patience_seconds: float = 0.0,
    ) -> None:
        self._collector = collector
        self._clock = clock
        self._pace_seconds = pace_seconds
        self._limit_seconds = limit_seconds
        self._patience_seconds = patience_seconds
        self._due_at: float | None = None  # monotonic; None before the first run
        self._task: asyncio.Task[list[Sample]] | None = None
        self._samples: list[Sample] = []
        self._error: Exception | None = None

    async def collect(self) -> list[Sample]:
        """What the last run gave; the first call waits for it a while, later ones as long as they have patience.

        Raises:
            Exception: what the last run raised.
        """
        now, patience = self._clock.monotonic(), 0.0
        if self._task is None and (self._due_at is None or now >= self._due_at):
            patience = FIRST_WAIT_SECONDS if self._due_at is None else self._patience_seconds
            self._due_at = now + self._pace_seconds
            self._task = asyncio.create_task(self._run())
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=patience)
            self._take()
        if self._error is not None:
            raise self._error
        return self._samples

    async def _run(self) -> list[Sample]:
        async with asyncio.timeout(self._limit_seconds):
            return await self._collector.collect()

    def _take(self) -> None:
        task = self._task
        if task is None or not task.done():
            return
        self._task, self._samples, self._error = None, [], None
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, Exception):
            self._error = error
        else:
            self._samples = task.result()
