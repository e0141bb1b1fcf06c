"""Reads every target at its instants and puts the samples into the spool.

Targets may be added, replaced and removed while it runs; the others do not notice.
One task a target waits for the target's instants (`agent.schedule`) and collects. A collection that outlives its
time limit is cancelled and counts as failed; while one that cannot be cancelled has not ended, the target is skipped
and counted. So a slow target delays nobody.
"""

from __future__ import annotations

import asyncio
import enum
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.collection import Collection, Collector
from agent.encoding import TargetEncoder, requests
from agent.schedule import LONGEST_NAP_SECONDS, Slot, is_left_out, slot, turn
from agent.target import Target
from core.clock import Clock
from core.log import get_logger
from core.remote_write import compress
from core.spool.spool import Spool

log = get_logger(__name__)

OWN_JOB = "agent"  # the agent's own metrics
# Its instants are those of the host's metrics, whose target has the same name: a processor that is awake does the work
# of both in less time than it takes to wake up twice.
_HOST_JOB = "node"


class Skip(enum.StrEnum):
    """Why a due collection did not take place; values of the label `reason`."""

    RUNNING = "running"  # the one before had not ended
    MISSED = "missed"  # its time passed unnoticed: the machine slept, or the clock was set forward
    OVERLOAD = "overload"  # the agent uses more processor or memory than it may, and reads less often


@dataclass(slots=True)
class RunnerCounts:
    """What happened since the start."""

    samples: Counter[str] = field(default_factory=Counter)  # by job
    collections: Counter[str] = field(default_factory=Counter)  # by job
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)  # by job and class
    skips: Counter[Skip] = field(default_factory=Counter)
    lag_seconds: float = 0.0  # how late the last collection began


class Runner:
    """Collects for ever.

    Args:
        agent: the agent's name, part of what decides when each target is due.
        max_samples: the most samples in one request.
        arrived: called when something was added to the spool.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        spool: Spool,
        clock: Clock,
        *,
        agent: str,
        max_samples: int,
        arrived: Callable[[], None] = lambda: None,
    ) -> None:
        self.counts = RunnerCounts()
        self.up: dict[Target, bool] = {}
        self.stretch = 1  # of a target's instants only every so many count; the agent's own are never left out
        self._tasks: asyncio.TaskGroup | None = None
        self._spool = spool
        self._clock = clock
        self._agent = agent
        self._max_samples = max_samples
        self._arrived = arrived
        self._watches = {target: self._watch(target) for target in targets}

    async def run(self) -> None:
        """Collect for ever; ends by cancellation, every finished collection being in the spool."""
        async with asyncio.TaskGroup() as self._tasks:
            for watch in self._watches.values():
                watch.task = self._tasks.create_task(self._follow(watch))
            await asyncio.Event().wait()  # there may be no target yet

    def add(self, target: Target, *, instead_of: Target | None = None) -> None:
        """Begin to read a target, once `run` runs.

        Args:
            target: what to read.
            instead_of: a target that ends for it: series that both have go on, what else it had ends properly.
        """
        watch = self._watches[target] = self._watch(target)
        before = self._watches.pop(instead_of, None) if instead_of is not None else None
        if before is not None:
            self._end(before)
            if (before.collector.target.labels, before.collector.target.honor_labels) == (
                target.labels,
                target.honor_labels,
            ):
                watch.encoder = before.encoder
        if self._tasks is not None:
            watch.task = self._tasks.create_task(self._follow(watch))

    def remove(self, target: Target, *, goes_on: bool = False) -> None:
        """Read a target no longer.

        Args:
            target: what was read.
            goes_on: somebody else reads it: its series get no markers that say that they ended.
        """
        watch = self._watches.pop(target, None)
        if watch is None:
            return
        self._end(watch)
        if goes_on:
            return
        at_ms = max(self._clock.now_ms(), watch.at_ms + 1)
        for body, samples in requests(watch.encoder.end(at_ms), self._max_samples):
            self._spool.append(compress(body), samples, at_ms)
        self._arrived()

    def _end(self, watch: _Watch) -> None:
        if watch.task is not None:
            watch.task.cancel()
        self.up.pop(watch.collector.target, None)

    def _watch(self, target: Target) -> _Watch:
        return _Watch(Collector(target, self._clock), TargetEncoder(target.labels, honor=target.honor_labels))

    async def _follow(self, watch: _Watch) -> None:
        target = watch.collector.target
        job = _HOST_JOB if target.job == OWN_JOB else target.job
        when = slot(self._agent, job, target.instance, round(target.interval_seconds * 1000))
        due_ms = when.next_after(self._clock.now_ms())
        while True:
            await self._clock.sleep(min((due_ms - self._clock.now_ms()) / 1000, LONGEST_NAP_SECONDS))
            now_ms = self._clock.now_ms()
            decided = turn(when, due_ms, now_ms)
            if decided.collect_at_ms is not None and target.job != OWN_JOB and is_left_out(when, due_ms, self.stretch):
                self.counts.skips[Skip.OVERLOAD] += 1
            elif decided.collect_at_ms is not None:
                self.counts.lag_seconds = (now_ms - due_ms) / 1000
                self.counts.skips[Skip.MISSED] += decided.missed
                await self._visit(watch, decided.collect_at_ms)
            due_ms = self._skip_passed(when, decided.due_ms)

    def _skip_passed(self, when: Slot, due_ms: int) -> int:
        """The next instant to wait for: those that passed during the collection are counted, not made up for."""
        late_ms = self._clock.now_ms() - due_ms
        if late_ms < 0:
            return due_ms
        self.counts.skips[Skip.RUNNING] += late_ms // when.interval_ms + 1
        return when.next_after(due_ms + late_ms)

    async def _visit(self, watch: _Watch, at_ms: int) -> None:
        if watch.collector.running:
            self.counts.skips[Skip.RUNNING] += 1
            return
        collection, encoded = _encode(watch, await watch.collector.collect(), at_ms)
        watch.at_ms = at_ms
        self._note(watch, collection)
        for body, samples in requests(encoded, self._max_samples):
            self._spool.append(compress(body), samples, at_ms)
        self._arrived()

    def _note(self, watch: _Watch, collection: Collection) -> None:
        target = watch.collector.target
        self.up[target] = collection.failure is None
        self.counts.collections[target.job] += 1
        self.counts.samples[target.job] += len(collection.samples)
        if collection.failure is not None:
            self.counts.failures[target.job, collection.failure] += 1
        if collection.failure == watch.failure:
            return  # said when it began
        watch.failure = collection.failure
        if collection.failure is None:
            log.info("target can be read again", job=target.job, instance=target.instance)
        else:
            fields = {"class": collection.failure, "reason": collection.reason}
            log.warning("target cannot be read", job=target.job, instance=target.instance, **fields)


@dataclass(slots=True)
class _Watch:
    """A target's state between collections.

    Attributes:
        failure: the class of the last one, None when it went well.
        at_ms: the time of its samples; 0 before the first.
        task: follows the target's instants; None until the runner runs.
    """

    collector: Collector
    encoder: TargetEncoder
    failure: str | None = None
    at_ms: int = 0
    task: asyncio.Task[None] | None = None


def _encode(watch: _Watch, collection: Collection, at_ms: int) -> tuple[Collection, list[bytes]]:
    """The collection's series, encoded; one that no protocol can carry is a failed collection."""
    try:
        return collection, watch.encoder.encode(collection.samples, collection.own_samples(), at_ms)
    except Exception as error:
        target = watch.collector.target
        if watch.failure != "internal":  # said when it began
            log.exception("probe gave what is no sample", job=target.job, instance=target.instance)
        failed = Collection([], collection.seconds, "internal", f"no sample: {error}")
        return failed, watch.encoder.encode([], failed.own_samples(), at_ms)
