"""When ticks and early looks happen, without either doing anything."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from collector.evaluation_metrics import EvaluationMetrics
from collector.rhythm import Rhythm
from core.clock import ManualClock
from core.errors import StorageError

FULL_MS = 1_770_000_001_000


class Fake:
    """Stands for the tick; notes when it is asked and takes the time it is told to take."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.watches = True
        self.ticks: list[int] = []
        self.looks: list[int] = []
        self.tick_seconds: list[float] = []
        self.look_seconds = 0.0
        self.fails: Exception | None = None

    def can_be_early(self) -> bool:
        return self.watches

    async def once(self, at_ms: int) -> None:
        self.ticks.append(at_ms - FULL_MS)
        if self.tick_seconds:
            await self.clock.sleep(self.tick_seconds.pop(0))

    async def early(self, at_ms: int) -> None:
        self.looks.append(at_ms - FULL_MS)
        await self.clock.sleep(self.look_seconds)
        if self.fails is not None:
            raise self.fails


@pytest.fixture
async def running(clock):
    clock.set_wall(FULL_MS - 1000)
    fake = Fake(clock)
    registry = CollectorRegistry()
    task = asyncio.create_task(Rhythm(fake, clock, EvaluationMetrics(registry)).run())  # type: ignore[arg-type]
    fake.registry = registry
    yield fake
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def counted(fake: Fake, name: str) -> float:
    return fake.registry.get_sample_value(name) or 0.0


async def test_between_two_ticks_there_is_a_look_every_tenth_of_a_second(running, clock) -> None:
    await clock.advance(2.01)
    assert running.ticks == [0, 1000]
    assert [at for at in running.looks if at > 0] == list(range(100, 1000, 100))


async def test_without_a_rule_that_can_be_early_nobody_looks(running, clock) -> None:
    running.watches = False
    await clock.advance(3)
    assert running.ticks == [0, 1000, 2000]
    assert [at for at in running.looks if at > 0] == []


async def test_looks_that_take_long_are_rare_and_the_tick_stays_on_time(running, clock) -> None:
    running.look_seconds = 0.1
    await clock.advance(5)
    assert running.ticks == [0, 1000, 2000, 3000, 4000]
    assert len(running.looks) <= 12


async def test_a_tick_that_overruns_is_counted_and_the_next_is_on_time_with_none_queued(running, clock) -> None:
    running.watches = False
    running.tick_seconds = [2.3]
    await clock.advance(5)
    assert running.ticks == [0, 3000, 4000]
    assert counted(running, "forewatch_tick_overruns_total") == 1


async def test_the_instant_of_a_tick_is_the_full_second_however_late_it_begins(running, clock) -> None:
    running.look_seconds = 0.95
    await clock.advance(4)
    assert running.ticks[0] == 0
    assert all(at % 1000 == 0 for at in running.ticks)


@pytest.mark.parametrize(("by_ms", "reason"), [(-3_600_000, "set back"), (3_600_000, "set forward")])
async def test_a_clock_that_is_set_costs_no_tick_and_makes_none_at_a_wrong_instant(
    running, clock, by_ms, reason
) -> None:
    await clock.advance(1.55)
    clock.set_wall(clock.now_ms() + by_ms)
    await clock.advance(2)
    first, *others = running.ticks
    assert first == 0
    assert others[0] in (by_ms + 0, by_ms + 1000), reason
    assert len(others) >= 2
    assert all(at % 1000 == 0 for at in others)


@pytest.mark.parametrize("error", [StorageError("disk full"), RuntimeError("boom")])
async def test_a_look_that_fails_is_counted_and_all_goes_on(running, clock, error) -> None:
    running.fails = error
    await clock.advance(2.01)
    assert running.ticks == [0, 1000]
    assert len(running.looks) > 10
    assert counted(running, "forewatch_tick_failures_total") == len(running.looks)
