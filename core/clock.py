"""Time as a collaborator: shells hold a `Clock`, pure code takes instants as arguments.

`SystemClock` is the only place that reads the machine's clocks; `ManualClock` is the in-package
fake for tests, moved by hand.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
import itertools
import time
from typing import Protocol


class Clock(Protocol):
    """What the time is and how to wait for it."""

    def now_ms(self) -> int:
        """Wall-clock time in milliseconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never steps; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; at once when it is zero or negative."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0))


class ManualClock:
    """A clock that stands still until `advance` moves it; sleepers wake in order of their instants."""

    def __init__(self, now_ms: int = 1_760_000_000_000) -> None:
        self._now_ms = now_ms
        self._monotonic = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move on by `seconds`, waking each sleeper at its instant and letting it run."""
        target = self._monotonic + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, future = heapq.heappop(self._sleepers)
            self._step(due)
            if not future.done():
                future.set_result(None)
            await self._settle()
        self._step(target)
        await self._settle()

    def set_wall(self, now_ms: int) -> None:
        """Step the wall clock as NTP or an operator would; the monotonic clock goes on."""
        self._now_ms = now_ms

    def _step(self, to: float) -> None:
        self._now_ms += round((to - self._monotonic) * 1000)
        self._monotonic = to

    @staticmethod
    async def _settle() -> None:
        for _ in range(5):
            await asyncio.sleep(0)


def to_datetime(at_ms: int) -> dt.datetime:
    """Epoch milliseconds as an aware UTC datetime."""
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC)


def to_ms(instant: dt.datetime) -> int:
    """An aware datetime as epoch milliseconds."""
    return round(instant.timestamp() * 1000)


def to_rfc3339(at_ms: int) -> str:
    """Epoch milliseconds as RFC 3339 in UTC with milliseconds, ending in Z."""
    return to_datetime(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_rfc3339(text: str) -> int:
    """Epoch milliseconds of an RFC 3339 instant with its offset.

    Raises:
        ValueError: the text is none.
    """
    instant = dt.datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC; end it with Z")
    return to_ms(instant)
