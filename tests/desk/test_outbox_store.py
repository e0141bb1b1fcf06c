from __future__ import annotations

import asyncio
import datetime as dt

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import Database
from desk import store
from desk.models import Incident, OutboxRow
from desk.outbox import GIVE_UP_AFTER, Dead, DeliveryState, Kind, Retry, Sent
from desk.outbox_store import bury_unclaimed, counts, enqueue, free_leases, lease, next_due, revive, settle
from tests.desk.cast import NOON, after, new_incident, reopen, restore

LASTING = dt.timedelta(seconds=60)


async def opened(session: AsyncSession, *channels: str, instance: str = "core-1") -> Incident:
    incident = (await store.open_incident(session, new_incident(instance), NOON)).incident
    await enqueue(session, incident, Kind.OPENED, channels or ("ops",), NOON)
    return incident


async def test_a_notification_is_written_with_its_incident_or_not_at_all(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as session:
            await opened(session)
            raise RuntimeError

    assert isinstance((await asyncio.gather(fail(), return_exceptions=True))[0], RuntimeError)
    async with database.read() as session:
        assert await session.scalar(select(OutboxRow)) is None


async def test_the_body_is_frozen_when_it_is_written(database: Database) -> None:
    async with database.write() as session:
        incident = await opened(session, "ops", "mail")
        await restore(session, incident, after(minutes=1))
    async with database.read() as session:
        rows = list(await session.scalars(select(OutboxRow).order_by(OutboxRow.id)))
    assert [(row.channel, row.payload["receiver"], row.payload["incident"]["state"]) for row in rows] == [
        ("ops", "ops", "new"),
        ("mail", "mail", "new"),
    ]
    assert rows[0].payload["idempotency_key"] == rows[0].idempotency_key == rows[0].thread_key


async def test_one_notification_is_written_once(database: Database) -> None:
    async with database.write() as session:
        incident = await opened(session)
        assert await enqueue(session, incident, Kind.OPENED, ["ops"], after(seconds=1)) == 0
        assert await enqueue(session, incident, Kind.ESCALATED, ["ops"], NOON, step="1") == 1
        assert await enqueue(session, incident, Kind.ESCALATED, ["ops"], NOON, step="2") == 1
        assert await enqueue(session, incident, Kind.ESCALATED, ["ops"], NOON, step="2") == 0


async def test_a_recovery_goes_where_the_opening_went(database: Database) -> None:
    async with database.write() as session:
        incident = await opened(session, "ops")
        silent = (await store.open_incident(session, new_incident("b"), NOON)).incident
        assert await enqueue(session, incident, Kind.RESTORED, ["ops", "mail"], NOON) == 1
        assert await enqueue(session, silent, Kind.RESTORED, ["ops", "mail"], NOON) == 0


async def test_each_episode_has_its_own_recovery(database: Database) -> None:
    async with database.write() as session:
        incident = await opened(session)
        for minute in (1, 2, 3):
            await restore(session, incident, after(minutes=minute))
            assert await enqueue(session, incident, Kind.RESTORED, ["ops"], NOON) == 1
            await reopen(session, incident, after(minutes=minute))
            assert await enqueue(session, incident, Kind.REOPENED, ["ops"], NOON) == 1


async def test_a_recovery_never_overtakes_its_opening(database: Database) -> None:
    async with database.write() as session:
        incident = await opened(session)
        await enqueue(session, incident, Kind.RESTORED, ["ops"], NOON)
        await opened(session, instance="other")
    async with database.write() as session:
        rows = await lease(session, "ops", 10, NOON, LASTING)
        assert [(row.payload["incident"]["number"], row.kind) for row in rows] == [
            ("INC-000001", Kind.OPENED),
            ("INC-000002", Kind.OPENED),
        ]
    async with database.write() as session:
        assert await lease(session, "ops", 10, NOON, LASTING) == []
        await settle(session, rows[0], Sent(), NOON)
    async with database.write() as session:
        assert [row.kind for row in await lease(session, "ops", 10, NOON, LASTING)] == [Kind.RESTORED]


async def test_a_recovery_waits_while_its_opening_is_retried_but_not_behind_a_dead_one(database: Database) -> None:
    async with database.write() as session:
        incident = await opened(session)
        await enqueue(session, incident, Kind.RESTORED, ["ops"], NOON)
        [row] = await lease(session, "ops", 10, NOON, LASTING)
        await settle(session, row, Retry(after(seconds=30), "503"), NOON)
    async with database.write() as session:
        assert await next_due(session, "ops", NOON) == after(seconds=30)
        assert await lease(session, "ops", 10, after(seconds=29), LASTING) == []
        [row] = await lease(session, "ops", 10, after(seconds=30), LASTING)
        assert (row.kind, row.attempts, row.last_error) == (Kind.OPENED, 2, "503")
        await settle(session, row, Dead("404"), after(seconds=30))
    async with database.write() as session:
        assert [row.kind for row in await lease(session, "ops", 10, after(seconds=30), LASTING)] == [Kind.RESTORED]


async def test_channels_do_not_wait_for_each_other(database: Database) -> None:
    async with database.write() as session:
        await opened(session, "ops", "mail")
        [ops] = await lease(session, "ops", 10, NOON, LASTING)
        await settle(session, ops, Retry(after(hours=1), "down"), NOON)
        assert [row.channel for row in await lease(session, "mail", 10, NOON, LASTING)] == ["mail"]


async def test_what_a_dead_sender_had_comes_back_when_its_lease_ends(database: Database) -> None:
    async with database.write() as session:
        await opened(session)
        await lease(session, "ops", 10, NOON, LASTING)
    async with database.write() as session:
        assert await next_due(session, "ops", NOON) == after(seconds=60)
        assert await lease(session, "ops", 10, after(seconds=59), LASTING) == []
        [row] = await lease(session, "ops", 10, after(seconds=60), LASTING)
        assert row.attempts == 2


async def test_a_lone_sender_takes_leases_back_at_once(database: Database) -> None:
    async with database.write() as session:
        await opened(session)
        await lease(session, "ops", 10, NOON, LASTING)
        await free_leases(session, ["ops"])
    async with database.write() as session:
        assert len(await lease(session, "ops", 10, NOON, LASTING)) == 1


async def test_two_senders_never_take_the_same_row(database: Database) -> None:
    async with database.write() as session:
        for number in range(12):
            await opened(session, instance=f"host-{number}")

    async def take() -> list[int]:
        async with database.write() as session:
            rows = await lease(session, "ops", 3, NOON, LASTING)
            await asyncio.sleep(0.02)
            return [row.id for row in rows]

    taken = [row_id for batch in await asyncio.gather(*(take() for _ in range(4))) for row_id in batch]
    assert len(taken) == len(set(taken)) == 12


async def test_a_late_failure_does_not_undo_who_holds_the_lease_now(database: Database) -> None:
    async with database.write() as session:
        await opened(session)
        [slow] = await lease(session, "ops", 1, NOON, LASTING)
        await session.flush()
        session.expunge(slow)
    async with database.write() as session:
        await lease(session, "ops", 1, after(seconds=60), LASTING)
        await settle(session, slow, Retry(after(hours=1), "too late"), after(seconds=61))
    async with database.read() as session:
        row = (await session.scalars(select(OutboxRow))).one()
        assert (row.leased_until, row.last_error) == (after(seconds=120), None)
    async with database.write() as session:
        await settle(session, slow, Sent(), after(seconds=62))
    async with database.read() as session:
        assert (await session.scalars(select(OutboxRow))).one().state is DeliveryState.SENT


async def test_dead_letters_are_counted_and_given_another_day(database: Database) -> None:
    async with database.write() as session:
        await opened(session, "ops", "mail")
        [row] = await lease(session, "ops", 1, NOON, LASTING)
        await settle(session, row, Dead("404"), NOON)
    async with database.write() as session:
        found = await counts(session)
        assert (found.pending, found.dead, found.oldest_created_at) == (1, 1, NOON)
        assert await revive(session, row.id, after(days=3))
        assert not await revive(session, row.id, after(days=3))
        [again] = await lease(session, "ops", 1, after(days=3), LASTING)
        await session.refresh(again)
        assert (again.state, again.attempts, again.expires_at) == (DeliveryState.PENDING, 1, after(days=4))


async def test_what_nobody_serves_any_more_is_given_up_after_its_day(database: Database) -> None:
    async with database.write() as session:
        await opened(session, "gone", "ops")
        assert await bury_unclaimed(session, ["ops"], NOON + GIVE_UP_AFTER - dt.timedelta(seconds=1)) == 0
        assert await bury_unclaimed(session, ["ops"], NOON + GIVE_UP_AFTER) == 1
    async with database.read() as session:
        found = await counts(session)
        assert (found.pending, found.dead) == (1, 1)


async def test_no_notification_waits_for_a_clock_that_was_set_back(database: Database) -> None:
    async with database.write() as session:
        incident = (await store.open_incident(session, new_incident("core-1"), after(hours=3))).incident
        await enqueue(session, incident, Kind.OPENED, ["ops"], after(hours=3))
        assert await next_due(session, "ops", NOON) == NOON
        [row] = await lease(session, "ops", 1, NOON, LASTING)
        await settle(session, row, Retry(after(minutes=5), "busy"), NOON)
        assert (await next_due(session, "ops", NOON), await lease(session, "ops", 1, NOON, LASTING)) == (
            after(minutes=5),
            [],
        )
        [row] = await lease(session, "ops", 1, after(hours=3), LASTING)
        await settle(session, row, Retry(after(hours=3, minutes=5), "busy"), after(hours=3))
        assert await next_due(session, "ops", NOON) == NOON
        assert len(await lease(session, "ops", 1, NOON, LASTING)) == 1
