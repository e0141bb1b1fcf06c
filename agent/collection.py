"""One collection of one target, and what is said about it."""

from __future__ import annotations

import asyncio
import enum
from dataclasses import dataclass

from agent.packed import Batch
from agent.sample import Family, Sample, Series
from agent.target import Target
from core.clock import Clock
from core.errors import ForewatchError
from core.log import get_logger

log = get_logger(__name__)

Samples = Batch | list[Sample]

UP = Series(Family("up", "gauge", "Whether the target could be read."))
DURATION = Series(Family("scrape_duration_seconds", "gauge", "How long reading the target took."))
SCRAPED = Series(Family("scrape_samples_scraped", "gauge", "How many samples the target gave."))


@dataclass(frozen=True, slots=True)
class Collection:
    """How it went.

    Attributes:
        samples: what the probe gave; empty when it failed.
        seconds: how long it took.
        failure: None when it went well, else the error's class, a bounded word.
        reason: the error, for people.
    """

    samples: Samples
    seconds: float
    failure: str | None = None
    reason: str = ""

    def own_samples(self) -> list[Sample]:
        """`up` and what else the runner says about the target."""
        return [
            Sample(UP, float(self.failure is None)),
            Sample(DURATION, self.seconds),
            Sample(SCRAPED, float(len(self.samples))),
        ]


class Collector:
    """Reads one target, one collection at a time."""

    def __init__(self, target: Target, clock: Clock) -> None:
        self.target = target
        self._clock = clock
        self._task: asyncio.Task[Samples] | None = None
        self._broken = False  # a traceback at each collection would fill the log

    @property
    def running(self) -> bool:
        """Whether a collection has not ended, be it that it was given up."""
        return self._task is not None and not self._task.done()

    async def collect(self) -> Collection:
        """Read the target within its time limit; whatever goes wrong is in the result.

        A probe that does not end when it is cancelled is left behind and keeps `running` true.
        """
        start = self._clock.monotonic()
        self._task = task = asyncio.create_task(self._read())
        try:
            done, _ = await asyncio.wait({task}, timeout=self.target.timeout_seconds)
        finally:
            task.cancel()
        seconds = self._clock.monotonic() - start
        if not done:
            task.add_done_callback(_retrieve)
            return Collection([], seconds, "timeout", f"not read within {self.target.timeout_seconds:g} s")
        try:
            samples = task.result()
            self._broken = False
            return Collection(samples, seconds)
        except Exception as error:  # whatever is wrong with one target must not cost the others
            failure = classify(error)
            if failure == "internal" and not self._broken:
                log.exception("probe is broken", job=self.target.job, instance=self.target.instance)
            self._broken = failure == "internal"
            return Collection([], seconds, failure, str(error) or type(error).__name__)
        finally:
            self._task = None  # with it go its samples: a thousand targets' would be a hundred megabytes
            del task, done  # the error leads here by its traceback: no cycle for the garbage collector

    async def _read(self) -> Samples:
        samples = await self.target.probe.collect()
        return samples if isinstance(samples, Batch) else list(samples)


def classify(error: Exception) -> str:
    """The error's class: `timeout`, `refused`, `permission`, `io`, a probe's own reason, or `internal`."""
    reason = getattr(error, "reason", None)
    if isinstance(error, ForewatchError) and isinstance(reason, enum.StrEnum):
        return str(reason)
    classes = {
        TimeoutError: "timeout",
        ConnectionRefusedError: "refused",
        PermissionError: "permission",
        OSError: "io",
    }
    return next((name for kind, name in classes.items() if isinstance(error, kind)), "internal")


def _retrieve(task: asyncio.Task[Samples]) -> None:
    """Look at the result of a collection that was given up, so that nobody complains that nobody did."""
    if not task.cancelled():
        task.exception()
