"""When to evaluate: on every full second, and in between as soon as samples have arrived."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from collector.evaluation_metrics import EvaluationMetrics
from collector.tick import TICK_SECONDS, Tick
from core.clock import Clock
from core.errors import StorageError
from core.log import get_logger

log = get_logger(__name__)

LOOK_SECONDS = 0.1
# Of the time between two ticks, early looks may take a fifth: whatever they cost, the collector stays itself.
REST_FACTOR = 4.0
_TICK_MS = round(TICK_SECONDS * 1000)


class Rhythm:
    """Drives a `Tick` by the clock.

    The instant of a tick is the full second itself, however late it begins, so that `for` and the steps of recorded
    series do not tremble. A tick that overruns is counted; those it ran over are left out, and the next one is on time.
    """

    def __init__(self, tick: Tick, clock: Clock, metrics: EvaluationMetrics) -> None:
        self._tick = tick
        self._clock = clock
        self._metrics = metrics
        self._look_seconds = 0.0  # how long the last look took

    async def run(self) -> None:
        """Evaluate until cancelled."""
        while True:
            due_ms = (self._clock.now_ms() // _TICK_MS + 1) * _TICK_MS
            await self._until(due_ms)
            seconds = await self._timed(self._tick.once, self._instant(due_ms))
            self._metrics.tick_seconds.observe(seconds)
            if seconds > TICK_SECONDS:
                self._metrics.overruns.inc()

    def _instant(self, due_ms: int) -> int:
        """The instant of the tick that was due at `due_ms`: that one, unless the clock has been set meanwhile."""
        now_ms = self._clock.now_ms()
        return due_ms if abs(now_ms - due_ms) < _TICK_MS else now_ms // _TICK_MS * _TICK_MS

    async def _until(self, due_ms: int) -> None:
        """Look early for as long as a look will probably be over in time."""
        end = self._clock.monotonic() + (due_ms - self._clock.now_ms()) / 1000
        while True:
            left = end - self._clock.monotonic()
            pause = max(LOOK_SECONDS, REST_FACTOR * self._look_seconds)
            if not self._tick.can_be_early() or pause + self._look_seconds >= left:
                # A look that was long once, because much came at once, is not held against the next second.
                self._look_seconds /= 2
                await self._clock.sleep(left)
                return
            await self._clock.sleep(pause)
            now_ms = self._clock.now_ms()
            if now_ms >= due_ms:  # what is seen after the tick's instant the tick would not see, and end
                await self._clock.sleep(end - self._clock.monotonic())
                return
            self._look_seconds = await self._timed(self._tick.early, now_ms)

    async def _timed(self, evaluate: Callable[[int], Awaitable[None]], at_ms: int) -> float:
        """Evaluate, whatever comes of it; returns how many seconds it took."""
        started = self._clock.monotonic()
        try:
            await evaluate(at_ms)
        except StorageError as error:
            self._metrics.failed_ticks.inc()
            log.error("tick not recorded, trying again", error=error)
        except Exception:
            self._metrics.failed_ticks.inc()
            log.exception("tick failed")
        return self._clock.monotonic() - started
