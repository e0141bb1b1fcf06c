"""The sender's loop with channels that work, fail, hang and come back."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable

import pytest
from prometheus_client import CollectorRegistry

from core.clock import ManualClock, SystemClock, to_datetime, to_ms
from core.database import Database
from desk import store
from desk.channels.base import ChannelError, Delivery
from desk.channels.config import WebhookConfig
from desk.channels.fake import FakeChannel
from desk.channels.webhook import WebhookChannel
from desk.metrics import DeskMetrics
from desk.outbox import Kind
from desk.outbox_store import enqueue, lease
from desk.sender import OutboxSender
from tests.desk.cast import NOON, new_incident
from tests.servers.sinks import Answer, HttpSink


class Bench:
    """A database, channels and a running sender, on a clock moved by hand."""

    def __init__(self, database: Database, clock: ManualClock, *names: str) -> None:
        self.database = database
        self.clock = clock
        clock.set_wall(to_ms(NOON))
        self.registry = CollectorRegistry()
        self.fakes = {name: FakeChannel(name) for name in names}
        self.sender = self.make()

    def make(self) -> OutboxSender:
        metrics = DeskMetrics(self.registry)
        return OutboxSender(self.database, self.clock, self.fakes, metrics, alone=True, fraction=lambda: 0.5)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.sender.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def tell(self, instance: str = "core-1", *kinds: Kind) -> None:
        now = to_datetime(self.clock.now_ms())
        async with self.database.write() as session:
            incident = (await store.open_incident(session, new_incident(instance), now)).incident
            for kind in kinds or (Kind.OPENED,):
                await enqueue(session, incident, kind, self.sender.channels, now)
        self.sender.wake()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

    async def pass_until(self, condition: Callable[[], bool], *, step_seconds: float = 0.1) -> float:
        """Let the clock run until `condition` holds; returns the seconds that passed on it.

        The lanes read the database between looking at the clock and sleeping, so it moves in small steps.
        """
        begun = self.clock.monotonic()
        async with asyncio.timeout(20):
            while not condition():
                await self.clock.advance(step_seconds)
                await asyncio.sleep(0.003)
        return self.clock.monotonic() - begun

    async def until_counted(self, outcome: str, times: int, channel: str = "ops") -> None:
        await self.until(lambda: self.attempts(outcome, channel) == times)

    def attempts(self, outcome: str, channel: str = "ops") -> float:
        return self.sample("forewatch_notification_attempts_total", channel=channel, outcome=outcome)

    def sample(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def bench(database: Database, clock: ManualClock) -> Bench:
    return Bench(database, clock, "ops", "mail")


def kinds(channel: FakeChannel) -> list[Kind]:
    return [delivery.kind for delivery in channel.taken.values()]


async def test_a_new_row_is_sent_at_once_to_every_channel(bench: Bench) -> None:
    async with bench.running():
        await asyncio.sleep(0.05)  # the lanes are asleep by now; no clock moves from here on
        await bench.tell()
        await bench.until(lambda: all(kinds(fake) == [Kind.OPENED] for fake in bench.fakes.values()))
        await bench.until_counted("sent", 1)
    assert all(fake.closed for fake in bench.fakes.values())


async def test_opening_and_recovery_arrive_in_order(bench: Bench) -> None:
    await bench.tell("core-1", Kind.OPENED, Kind.RESTORED)
    async with bench.running():
        await bench.until(lambda: all(kinds(fake) == [Kind.OPENED, Kind.RESTORED] for fake in bench.fakes.values()))


async def test_a_failing_channel_is_retried_with_back_off_and_delays_no_other(bench: Bench) -> None:
    ops, mail = bench.fakes["ops"], bench.fakes["mail"]
    ops.error = ChannelError("answered 503")
    async with bench.running():
        await bench.tell("core-1", Kind.OPENED, Kind.RESTORED)
        await bench.until(lambda: kinds(mail) == [Kind.OPENED, Kind.RESTORED])
        for attempt, wait in enumerate((0.5, 1, 2, 4), start=1):
            await bench.until_counted("retry", attempt)
            passed = await bench.pass_until(lambda attempt=attempt: len(ops.attempts) > attempt)
            assert wait <= passed < wait * 2 + 1
        await bench.until_counted("retry", 5)
        ops.error = None
        await bench.pass_until(lambda: kinds(ops) == [Kind.OPENED, Kind.RESTORED])


async def test_a_hanging_channel_delays_no_other_and_leaves_room_for_other_incidents(bench: Bench) -> None:
    ops, mail = bench.fakes["ops"], bench.fakes["mail"]
    release = asyncio.Event()

    async def hang(delivery: Delivery) -> None:
        if delivery.payload["incident"]["labels"]["instance"] == "core-1":
            await release.wait()

    ops.before = hang
    async with bench.running():
        await bench.tell("core-1")
        await bench.tell("core-2")
        await bench.until(lambda: len(mail.taken) == 2 and len(ops.taken) == 1)
        release.set()
        await bench.until(lambda: len(ops.taken) == 2)


async def test_retry_after_is_respected(bench: Bench) -> None:
    ops = bench.fakes["ops"]
    ops.error = ChannelError("answered 429", retry_after_seconds=60)
    async with bench.running():
        await bench.tell()
        await bench.until_counted("retry", 1)
        ops.error = None
        assert await bench.pass_until(lambda: len(ops.taken) == 1, step_seconds=1) >= 60


async def test_a_permanent_error_is_a_dead_letter_and_the_recovery_goes_on(bench: Bench) -> None:
    ops = bench.fakes["ops"]

    async def refuse_openings(delivery: Delivery) -> None:
        if delivery.kind is Kind.OPENED:
            raise ChannelError("answered 400", permanent=True)

    ops.before = refuse_openings
    async with bench.running():
        await bench.tell("core-1", Kind.OPENED, Kind.RESTORED)
        await bench.until(lambda: kinds(ops) == [Kind.RESTORED])
        await bench.until_counted("sent", 1)
        await bench.until_counted("sent", 2, "mail")
        await bench.sender.count()
    assert bench.sample("forewatch_outbox_dead_letters") == 1
    assert bench.sample("forewatch_outbox_pending") == 0
    assert bench.sample("forewatch_open_incidents", priority="P1") == 1


async def test_after_a_day_without_the_receiver_it_is_a_dead_letter(bench: Bench) -> None:
    ops = bench.fakes["ops"]
    ops.error = ChannelError("refused")
    await bench.tell()
    async with bench.running():
        await bench.until(lambda: len(ops.attempts) == 1)
        await bench.until_counted("retry", 1)
        await bench.until_counted("sent", 1, "mail")
        await bench.sender.count()
        assert bench.sample("forewatch_outbox_pending") == 1
        await bench.clock.advance(3600)
        await bench.sender.count()
        assert bench.sample("forewatch_outbox_oldest_pending_age_seconds") == 3600
        await bench.clock.advance(23 * 3600)
        await bench.pass_until(lambda: bench.attempts("dead") == 1)
        await bench.sender.count()
    assert bench.sample("forewatch_outbox_dead_letters") == 1
    assert bench.sample("forewatch_outbox_oldest_pending_age_seconds") == 0


async def test_a_channels_own_fault_is_a_failed_attempt(bench: Bench) -> None:
    ops, faults = bench.fakes["ops"], iter([ZeroDivisionError("bug")])

    async def stumble(delivery: Delivery) -> None:
        for fault in faults:
            raise fault

    ops.before = stumble
    async with bench.running():
        await bench.tell()
        await bench.until_counted("retry", 1)
        await bench.pass_until(lambda: len(ops.taken) == 1)


async def test_a_sender_that_starts_again_sends_what_its_predecessor_had_begun(bench: Bench) -> None:
    await bench.tell()
    async with bench.database.write() as session:
        [row] = await lease(session, "ops", 1, NOON, dt.timedelta(seconds=60))
    async with bench.running():
        await bench.until(lambda: list(bench.fakes["ops"].taken) == [row.idempotency_key])


async def test_what_is_being_sent_at_the_stop_is_finished_and_recorded(bench: Bench) -> None:
    begun, ops = asyncio.Event(), bench.fakes["ops"]

    async def slowly(delivery: Delivery) -> None:
        begun.set()
        await asyncio.sleep(0.05)

    ops.before = slowly
    async with bench.running():
        await bench.tell()
        await begun.wait()
    assert len(ops.taken) == 1
    assert bench.sample("forewatch_notification_attempts_total", channel="ops", outcome="sent") == 1


async def test_fifty_incidents_reach_a_receiver_that_stumbles_each_in_order(bench: Bench) -> None:
    clock = SystemClock()
    async with HttpSink() as sink:
        config = WebhookConfig(name="hook", type="webhook", url=sink.url)
        metrics = DeskMetrics(CollectorRegistry())
        hook = WebhookChannel(config, clock)
        bench.sender = OutboxSender(bench.database, clock, {"hook": hook}, metrics, fraction=lambda: 0.01)
        bench.clock.set_wall(clock.now_ms())
        sink.answers.extend(Answer(status) for status in (500, 200, 429, 503, 200, 200, 502) * 4)
        async with bench.running():
            for number in range(50):
                await bench.tell(f"host-{number}", Kind.OPENED, Kind.RESTORED)
            await bench.until(lambda: sum(one["answered"] == 200 for one in sink.arrivals) >= 100)
    taken = [one["body"] for one in sink.arrivals if one["answered"] == 200]
    assert len({body["idempotency_key"] for body in taken}) == len(taken) == 100
    for number in range(50):
        mine = [body["kind"] for body in taken if body["incident"]["labels"]["instance"] == f"host-{number}"]
        assert mine == ["opened", "restored"]
