from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cramjam
import pytest

from agent.collection import Collector, classify
from agent.encoding import full_labels
from agent.runner import Runner, Skip
from agent.sample import Family, Sample, Series
from agent.schedule import slot
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.target import Target
from core.clock import ManualClock
from core.labels import Labels
from core.remote_write import STALE_NAN, encode_labels, encode_sample
from core.spool.spool import Limits, Spool

SPEED = Series(Family("speed", "gauge", ""))


class Scripted:
    """A probe that does what it is told, one step a collection."""

    def __init__(self, *steps: Callable[[], Awaitable[Iterable[Sample]]] | Iterable[Sample] | Exception) -> None:
        self.steps = list(steps)
        self.count = 0

    async def collect(self) -> Iterable[Sample]:
        step = self.steps[min(self.count, len(self.steps) - 1)]
        self.count += 1
        if isinstance(step, Exception):
            raise step
        return await step() if callable(step) else step


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path, Limits(max_age_ms=86_400_000, max_bytes=2**26))
    yield opened
    opened.close()


def target(name: str, probe: Any, timeout: float = 9) -> Target:
    return Target("test", name, probe, 10, timeout)


@asynccontextmanager
async def running(clock: ManualClock, spool: Spool, *targets: Target, max_samples: int = 100) -> Any:
    """A runner whose clock stands one millisecond before the first target is due."""
    when = slot("web-1", targets[0].job, targets[0].instance, 10_000)
    clock.set_wall(when.next_after(1_760_000_000_000) - 1)
    runner = Runner(targets, spool, clock, agent="web-1", max_samples=max_samples)
    task = asyncio.create_task(runner.run())
    await clock.advance(0)
    yield runner
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def pushed(spool: Spool) -> list[tuple[int, bytes]]:
    """Time and uncompressed body of every record."""
    found = []
    while (record := spool.peek(0)) is not None:
        found.append((record.created_at_ms, bytes(cramjam.snappy.decompress_raw(record.body))))
        spool.acknowledge(record)
    return found


def holds(body: bytes, of: Target, name: str, value: float, at_ms: int) -> bool:
    identity: Labels = full_labels(Series(Family(name, "gauge", "")), of.labels)
    return encode_labels(identity) + encode_sample(value, at_ms) in body


async def passes(clock: ManualClock, seconds: float) -> None:
    """Time that probes see too: they wait on the event loop, which needs a moment to notice."""
    await clock.advance(seconds)
    await asyncio.sleep(0.01)
    await clock.advance(0)


async def test_a_collection_carries_its_due_instant_and_what_the_runner_says(clock: ManualClock, spool: Spool) -> None:
    one = target("core-1", Scripted([Sample(SPEED, 7)]))
    async with running(clock, spool, one) as runner:
        due_ms = clock.now_ms() + 1
        await passes(clock, 0.001)
        await passes(clock, 10)
    (first_at, first), (second_at, _) = pushed(spool)
    assert (first_at, second_at) == (due_ms, due_ms + 10_000)
    for name, value in (("speed", 7), ("up", 1), ("scrape_samples_scraped", 1), ("scrape_duration_seconds", 0)):
        assert holds(first, one, name, value, due_ms), name
    assert runner.up == {one: True}
    assert (runner.counts.collections, runner.counts.samples) == ({"test": 2}, {"test": 2})


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionRefusedError(), "refused"),
        (PermissionError(), "permission"),
        (FileNotFoundError(), "io"),
        (SnmpError(SnmpFailure.LOOP, "walks in circles"), "loop"),
        (KeyError("bug"), "internal"),
    ],
)
def test_errors_have_classes(error: Exception, failure: str) -> None:
    assert classify(error) == failure


async def test_a_failure_is_up_0_with_stale_markers_and_counted(
    clock: ManualClock, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    error = ConnectionRefusedError(111, "Connection refused")
    one = target("core-1", Scripted([Sample(SPEED, 7)], error, error, [Sample(SPEED, 8)]))
    async with running(clock, spool, one) as runner:
        await passes(clock, 0.001)
        for _ in range(3):
            await passes(clock, 10)
    bodies = pushed(spool)
    (_, _), (at_ms, failed), (_, still), (_, again) = bodies
    assert holds(failed, one, "up", 0, at_ms)
    assert holds(failed, one, "speed", STALE_NAN, at_ms)
    assert holds(failed, one, "scrape_samples_scraped", 0, at_ms)
    assert b"speed" not in still
    assert b"speed" in again
    assert runner.counts.failures == {("test", "refused"): 2}
    assert [record.message for record in caplog.records] == ["target cannot be read", "target can be read again"]


async def test_a_slow_target_is_given_up_and_delays_nobody(clock: ManualClock, spool: Spool) -> None:
    hang = asyncio.Event()

    async def never() -> Iterable[Sample]:
        await hang.wait()
        return []

    slow, quick = target("slow", Scripted(never), timeout=0.02), target("quick", Scripted([Sample(SPEED, 1)]))
    async with running(clock, spool, slow, quick) as runner:
        for _ in range(3):
            await passes(clock, 10)
            await asyncio.sleep(0.05)
    assert runner.counts.failures[("test", "timeout")] >= 2
    assert runner.up == {slow: False, quick: True}
    assert runner.counts.skips[Skip.RUNNING] == 0
    assert sum(b"quick" in body for _, body in pushed(spool)) == 3


async def test_a_collection_that_cannot_be_cancelled_is_skipped_and_counted_until_it_ends(
    clock: ManualClock, spool: Spool
) -> None:
    release = asyncio.Event()

    async def stubborn() -> Iterable[Sample]:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return []

    probe = Scripted(stubborn, [Sample(SPEED, 1)])
    async with running(clock, spool, target("core-1", probe, timeout=0.02)) as runner:
        await passes(clock, 0.001)
        await asyncio.sleep(0.05)
        await passes(clock, 10)
        await passes(clock, 10)
        assert (probe.count, runner.counts.skips[Skip.RUNNING]) == (1, 2)
        release.set()
        await passes(clock, 10)
        assert probe.count == 2
    assert len(pushed(spool)) == 2


async def test_instants_that_pass_during_a_collection_are_counted_not_queued(clock: ManualClock, spool: Spool) -> None:
    async def takes_25_seconds() -> Iterable[Sample]:
        await clock.sleep(25)
        return []

    probe = Scripted(takes_25_seconds, [Sample(SPEED, 1)])
    async with running(clock, spool, target("core-1", probe)) as runner:
        await passes(clock, 0.001)
        await passes(clock, 25)
        assert (probe.count, runner.counts.skips[Skip.RUNNING]) == (1, 2)
        await passes(clock, 5)
        assert probe.count == 2


async def test_after_a_suspend_there_is_one_collection_not_a_burst(clock: ManualClock, spool: Spool) -> None:
    probe = Scripted([Sample(SPEED, 1)])
    async with running(clock, spool, target("core-1", probe)) as runner:
        await passes(clock, 0.001)
        clock.set_wall(clock.now_ms() + 3_600_000)
        await passes(clock, 10)
        assert (probe.count, runner.counts.skips[Skip.MISSED]) == (2, 360)
        assert runner.counts.lag_seconds == 3600
        await passes(clock, 10)
        assert (probe.count, runner.counts.lag_seconds) == (3, 0)


async def test_a_clock_set_back_does_not_silence_the_target(clock: ManualClock, spool: Spool) -> None:
    probe = Scripted([Sample(SPEED, 1)])
    async with running(clock, spool, target("core-1", probe)):
        await passes(clock, 0.001)
        clock.set_wall(clock.now_ms() - 86_400_000)
        for _ in range(3):
            await passes(clock, 10)
        assert probe.count >= 3


async def test_a_probe_that_gives_what_is_no_sample_fails_alone(clock: ManualClock, spool: Spool) -> None:
    one = target("core-1", Scripted([Sample(SPEED, "fast")]))  # type: ignore[arg-type]
    async with running(clock, spool, one) as runner:
        await passes(clock, 0.001)
        await passes(clock, 10)
    assert runner.counts.failures == {("test", "internal"): 2}
    assert all(holds(body, one, "up", 0, at_ms) for at_ms, body in pushed(spool))


async def test_large_collections_become_several_requests(clock: ManualClock, spool: Spool) -> None:
    many = [Sample(Series(Family("speed", "gauge", ""), (("port", str(port)),)), 1) for port in range(7)]
    async with running(clock, spool, target("core-1", Scripted(many)), max_samples=4):
        await passes(clock, 0.001)
    assert spool.records == 3
    assert spool.samples == 10


async def test_an_error_while_the_result_is_read_is_a_failure_too(clock: ManualClock) -> None:
    def broken() -> Iterator[Sample]:
        yield Sample(SPEED, 1)
        raise OSError("gone while read")

    collection = await Collector(target("core-1", Scripted(broken())), clock).collect()
    assert (collection.failure, collection.reason, collection.samples) == ("io", "gone while read", [])


async def test_a_broken_probe_is_told_once_not_at_every_collection(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    bug, fine = KeyError("bug"), [Sample(SPEED, 1)]
    collector = Collector(target("core-1", Scripted(bug, bug, fine, bug)), clock)
    for _ in range(4):
        await collector.collect()
    assert caplog.messages == ["probe is broken"] * 2


async def test_what_is_no_sample_is_told_once_not_at_every_collection(
    clock: ManualClock, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    nonsense = [Sample(SPEED, "fast")]  # type: ignore[arg-type]
    async with running(clock, spool, target("core-1", Scripted(nonsense))):
        for _ in range(3):
            await clock.advance(10)
    assert caplog.messages.count("probe gave what is no sample") == 1


def stale_at(body: bytes, of: Target, name: str, at_ms: int) -> bool:
    return holds(body, of, name, STALE_NAN, at_ms)


async def test_a_target_that_is_added_is_read_and_the_others_do_not_notice(clock: ManualClock, spool: Spool) -> None:
    first, second = Scripted([Sample(SPEED, 1)]), Scripted([Sample(SPEED, 2)])
    async with running(clock, spool, target("core-1", first)) as runner:
        await passes(clock, 0.001)
        runner.add(target("core-2", second))
        await passes(clock, 10)
        assert (first.count, second.count) == (2, 1)


async def test_a_runner_that_begins_without_targets_takes_them_later(clock: ManualClock, spool: Spool) -> None:
    runner = Runner([], spool, clock, agent="web-1", max_samples=100)
    task = asyncio.create_task(runner.run())
    await clock.advance(0)
    late = Scripted([Sample(SPEED, 1)])
    runner.add(target("core-1", late))
    await passes(clock, 10)
    assert late.count == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_target_that_is_removed_ends_with_stale_markers_for_all_it_had(
    clock: ManualClock, spool: Spool
) -> None:
    probe = Scripted([Sample(SPEED, 7)])
    one = target("core-1", probe)
    async with running(clock, spool, one) as runner:
        await passes(clock, 0.001)
        pushed(spool)
        runner.remove(one)
        [(at_ms, body)] = pushed(spool)
        assert at_ms > clock.now_ms() - 2
        for name in ("speed", "up", "scrape_samples_scraped", "scrape_duration_seconds"):
            assert stale_at(body, one, name, at_ms), name
        await passes(clock, 30)
        assert (probe.count, runner.up) == (1, {})
        runner.remove(one)  # again changes nothing
    assert pushed(spool) == []


async def test_a_target_that_another_agent_reads_ends_without_a_word(clock: ManualClock, spool: Spool) -> None:
    one = target("core-1", Scripted([Sample(SPEED, 7)]))
    async with running(clock, spool, one) as runner:
        await passes(clock, 0.001)
        pushed(spool)
        runner.remove(one, goes_on=True)
    assert pushed(spool) == []


async def test_a_target_that_changes_goes_on_with_its_series_and_ends_what_it_has_no_more(
    clock: ManualClock, spool: Spool
) -> None:
    load = Series(Family("load", "gauge", ""))
    before = target("core-1", Scripted([Sample(SPEED, 7), Sample(load, 1)]))
    after = target("core-1", Scripted([Sample(SPEED, 8)]))
    async with running(clock, spool, before) as runner:
        await passes(clock, 0.001)
        pushed(spool)
        runner.add(after, instead_of=before)
        await passes(clock, 10)
    [(at_ms, body)] = pushed(spool)
    assert holds(body, after, "speed", 8, at_ms)
    assert stale_at(body, after, "load", at_ms)
    assert runner.up == {after: True}


async def test_a_target_that_is_removed_while_it_is_read_says_nothing_more(clock: ManualClock, spool: Spool) -> None:
    hang = asyncio.Event()

    async def never() -> Iterable[Sample]:
        await hang.wait()
        return [Sample(SPEED, 7)]

    one = target("core-1", Scripted(never))
    async with running(clock, spool, one) as runner:
        await clock.advance(0.001)
        runner.remove(one)
        hang.set()
        await passes(clock, 10)
    assert pushed(spool) == []


@pytest.mark.parametrize(("stretch", "collections"), [(1, 12), (2, 6), (3, 4), (4, 3)])
async def test_an_overloaded_agent_reads_less_often_and_counts_what_it_leaves_out(
    clock: ManualClock, spool: Spool, stretch: int, collections: int
) -> None:
    probe, own = Scripted([Sample(SPEED, 1)]), Scripted([Sample(SPEED, 1)])
    targets = (target("core-1", probe), Target("agent", "web-1", own, 10, 9))
    async with running(clock, spool, *targets) as runner:
        runner.stretch = stretch
        await clock.advance(0.002)
        probe.count = own.count = 0
        runner.counts.skips.clear()
        for _ in range(12):
            await clock.advance(10)
    assert (probe.count, runner.counts.skips[Skip.OVERLOAD]) == (collections, 12 - collections)
    assert own.count == 12


async def test_the_samples_of_a_collection_are_not_kept_by_who_collected_them(clock: ManualClock) -> None:
    sample = Sample(Series(Family("a", "gauge", "")), 1.5)
    collector = Collector(target("core-1", Scripted([sample])), clock)
    collection = await collector.collect()
    assert collection.samples == [sample]
    assert not collector.running
    assert collector._task is None
