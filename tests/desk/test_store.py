from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.database import Database
from desk import store
from desk.alert import AlertState, Role
from desk.bulk import newest_incidents
from desk.correlation import Reason
from desk.incident import Acknowledge, Refusal, State
from desk.models import Incident, IncidentEvent, Suppression
from desk.queries import incident_views
from desk.symptoms import (
    adopt_symptoms,
    join_symptoms,
    lead_with,
    open_incidents_by_ci,
    orphaned_symptoms,
    release_orphans,
)
from desk.timeline import Entry
from tests.desk.cast import NOON, add_ci, after, alert_record, explained, new_incident, print_of, reopen, restore


async def test_an_incident_opens_once_per_condition(database: Database) -> None:
    async with database.write() as session:
        first = await store.open_incident(session, new_incident(), NOON)
        second = await store.open_incident(session, new_incident(), after(seconds=1))
    assert first.created
    assert not second.created
    assert second.incident.number == first.incident.number == "INC-000001"


async def test_two_writers_at_once_open_one_incident(database: Database) -> None:
    async def open_one() -> bool:
        async with database.write() as session:
            opening = await store.open_incident(session, new_incident(), NOON)
            await asyncio.sleep(0.02)
            return opening.created

    created = await asyncio.gather(*(open_one() for _ in range(6)))
    assert sorted(created) == [False] * 5 + [True]
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Incident)) == 1


async def test_numbers_have_no_gaps_though_transactions_fail(database: Database) -> None:
    async with database.write() as session:
        await store.open_incident(session, new_incident("a"), NOON)
    with pytest.raises(RuntimeError):
        await _open_and_fail(database)
    async with database.write() as session:
        opening = await store.open_incident(session, new_incident("c"), NOON)
    assert opening.incident.number == "INC-000002"


async def _open_and_fail(database: Database) -> None:
    async with database.write() as session:
        await store.open_incident(session, new_incident("b"), NOON)
        raise RuntimeError


async def test_incidents_that_people_report_do_not_exclude_each_other(database: Database) -> None:
    async with database.write() as session:
        first = await store.open_incident(session, new_incident(fingerprint=None), NOON)
        second = await store.open_incident(session, new_incident(fingerprint=None), NOON)
    assert first.created
    assert second.created


async def test_a_recurrence_within_thirty_minutes_reopens(database: Database) -> None:
    async with database.write() as session:
        incident = (await store.open_incident(session, new_incident(), NOON)).incident
        assert await restore(session, incident, after(minutes=5)) is None
    async with database.write() as session:
        found = (await newest_incidents(session, [print_of("core-1")])).get(print_of("core-1"))
        assert found is not None
        assert await reopen(session, found, after(minutes=35)) is None
    async with database.read() as session:
        row = await session.get_one(Incident, incident.id)
        assert (row.state, row.restored_at, row.reopened) == (State.NEW, None, 1)


async def test_a_recurrence_after_thirty_minutes_is_a_new_incident(database: Database) -> None:
    async with database.write() as session:
        incident = (await store.open_incident(session, new_incident(), NOON)).incident
        await restore(session, incident, after(minutes=5))
    late = after(minutes=35, milliseconds=1)
    async with database.write() as session:
        found = (await newest_incidents(session, [print_of("core-1")]))[print_of("core-1")]
        assert found.id == incident.id
        assert await reopen(session, found, late) is Refusal.TOO_LATE
        assert (await store.open_incident(session, new_incident(), late)).created


async def test_a_recurrence_that_two_writers_see_at_once_is_one_open_incident(database: Database) -> None:
    async with database.write() as session:
        old = (await store.open_incident(session, new_incident(), NOON)).incident
        await restore(session, old, after(minutes=5))

    async def open_again() -> bool:
        try:
            async with database.write() as session:
                row = await session.get_one(Incident, old.id)
                await asyncio.sleep(0.01)
                refusal = await reopen(session, row, after(minutes=6))
                await asyncio.sleep(0.01)
                return refusal is None
        except IntegrityError:  # a new one was opened in the meantime: nothing of this transaction has happened
            return False

    async def open_new() -> bool:
        async with database.write() as session:
            opening = await store.open_incident(session, new_incident(), after(minutes=6))
            await asyncio.sleep(0.01)
            return opening.created

    won = await asyncio.gather(open_again(), open_new(), open_again(), open_new(), open_again())
    assert sum(won) == 1
    async with database.read() as session:
        rows = list(await session.scalars(select(Incident)))
        assert sum(store.standing(row).is_open for row in rows) == 1
        entries = [row.kind for row in await session.scalars(select(IncidentEvent))]
        assert sum(kind in (Entry.OPENED, Entry.REOPENED) for kind in entries) == 2


async def test_only_the_newest_incident_of_a_condition_is_reopened(database: Database) -> None:
    async with database.write() as session:
        await restore(session, (await store.open_incident(session, new_incident(), NOON)).incident, NOON)
        second = (await store.open_incident(session, new_incident(), NOON)).incident
        newest = (await newest_incidents(session, [print_of("core-1")]))[print_of("core-1")]
        assert newest.id == second.id
        assert await reopen(session, newest, NOON) is Refusal.ALREADY_OPEN


async def test_the_timeline_says_who_did_what(database: Database) -> None:
    async with database.write() as session:
        incident = (await store.open_incident(session, new_incident(), NOON)).incident
        await store.apply(session, incident, Acknowledge("li"), Entry.ACKNOWLEDGED, after(minutes=1), actor="li")
        refused = await store.apply(
            session, incident, Acknowledge("wu"), Entry.ACKNOWLEDGED, after(minutes=2), actor="wu"
        )
    assert refused is Refusal.ALREADY_ACKNOWLEDGED
    async with database.read() as session:
        rows = await session.scalars(select(IncidentEvent).order_by(IncidentEvent.id))
        assert [(row.actor, row.kind) for row in rows] == [("forewatch", Entry.OPENED), ("li", Entry.ACKNOWLEDGED)]


async def test_an_alert_keeps_its_incident_for_its_cycle_only(database: Database) -> None:
    async with database.write() as session:
        incident = (await store.open_incident(session, new_incident(), NOON)).incident
        [alert] = await store.save_alerts(session, [alert_record()])
        lead_with(alert, incident)
    async with database.write() as session:
        [same] = await store.save_alerts(
            session, [alert_record(state=AlertState.RESOLVED, resolved_at=after(minutes=1))]
        )
        assert (same.incident_id, same.role, same.state) == (incident.id, Role.CAUSE, AlertState.RESOLVED)
    async with database.write() as session:
        [fresh] = await store.save_alerts(session, [alert_record(active_at=after(minutes=2), state=AlertState.PENDING)])
        assert (fresh.id, fresh.incident_id, fresh.role, fresh.resolved_at) == (alert.id, None, None, None)


async def test_a_restart_loads_what_is_pending_or_firing(database: Database) -> None:
    records = [
        alert_record("a", state=AlertState.PENDING, fired_at=None),
        alert_record("b", keep_firing_since=after(seconds=3)),
        alert_record("c", state=AlertState.RESOLVED, resolved_at=NOON),
    ]
    async with database.write() as session:
        saved = await store.save_alerts(session, records)
        assert [row.labels["instance"] for row in saved] == ["a", "b", "c"]
    async with database.read() as session:
        loaded = {row.labels["instance"]: row for row in await store.load_alerts(session)}
    assert set(loaded) == {"a", "b"}
    assert loaded["b"].keep_firing_since == after(seconds=3)
    assert loaded["a"].active_at == NOON


async def test_text_that_no_database_takes_is_stored_in_a_form_that_it_does(database: Database) -> None:
    hostile = "core\x00-1 \ud800 \u202e<b>'; DROP TABLE incidents; --"
    async with database.write() as session:
        [alert] = await store.save_alerts(session, [alert_record(labels={"instance": hostile}, value=float("nan"))])
        opening = await store.open_incident(
            session, new_incident(title=hostile + "\n" * 900, labels={"x": hostile}), NOON
        )
        await session.flush()
    assert alert.value is None
    assert "\x00" not in alert.labels["instance"]
    assert "\n" not in opening.incident.title


async def test_a_symptom_joins_the_incident_of_its_cause_and_the_ledger_says_so(database: Database) -> None:
    async with database.write() as session:
        switch = await add_ci(session, "core-1")
        cause = (await store.open_incident(session, new_incident(ci_id=switch), NOON)).incident
        [alert] = await store.save_alerts(session, [alert_record("web-1")])
        await join_symptoms(session, [(alert, cause)], NOON)
    async with database.read() as session:
        [view] = await incident_views(session, [await session.get_one(Incident, cause.id)])
        [line] = await session.scalars(select(Suppression))
    assert (view.symptoms, view.cause_of) == (1, [])
    assert view.ci is not None
    assert view.ci.name == "core-1"
    assert (line.reason, line.incident_id, line.fingerprint) == (Reason.SYMPTOM, cause.id, print_of("web-1"))


async def test_a_cause_adopts_what_opened_shortly_before_it_with_all_that_hangs_on_it(database: Database) -> None:
    async with database.write() as session:
        switch, host, guest = [await add_ci(session, name) for name in ("core-1", "host-1", "guest-1")]
        old = (
            await store.open_incident(session, new_incident("guest-1", "Disk", ci_id=guest, category="capacity"), NOON)
        ).incident
        early = (await store.open_incident(session, new_incident("host-1", ci_id=host), after(minutes=20))).incident
        [hanging] = await store.save_alerts(session, [alert_record("guest-1")])
        await join_symptoms(session, [(hanging, early)], after(minutes=20))
        cause = (await store.open_incident(session, new_incident("core-1", ci_id=switch), after(minutes=21))).incident
        ids = await explained(session, cause, [host, guest])
        adopted = await adopt_symptoms(session, cause, ids, after(minutes=21))
    assert [one.id for one in adopted] == [early.id]
    async with database.read() as session:
        rows = {row.id: row for row in await session.scalars(select(Incident))}
        views = {view.id: view for view in await incident_views(session, list(rows.values()))}
    assert rows[old.id].symptom_of is None
    assert rows[early.id].symptom_of == cause.id
    assert (views[cause.id].symptoms, views[cause.id].cause_of) == (2, [early.id])
    assert views[early.id].symptoms == 0


async def test_symptoms_that_outlive_their_cause_need_a_decision_of_their_own(database: Database) -> None:
    grace = dt.timedelta(seconds=30)
    async with database.write() as session:
        host = await add_ci(session, "host-1")
        early = (
            await store.open_incident(session, new_incident("host-1", "Load", ci_id=host, category="capacity"), NOON)
        ).incident
        cause = (await store.open_incident(session, new_incident("host-1", ci_id=host), NOON)).incident
        await adopt_symptoms(session, cause, await explained(session, cause, []), NOON)
        rows = await store.save_alerts(session, [alert_record("a"), alert_record("b")])
        await join_symptoms(session, [(row, cause) for row in rows], NOON)
        assert await orphaned_symptoms(session, grace, after(hours=1)) == []
        await restore(session, cause, after(minutes=1))
        await store.save_alerts(session, [alert_record("b", state=AlertState.RESOLVED, resolved_at=after(minutes=1))])
    async with database.write() as session:
        assert await orphaned_symptoms(session, grace, after(minutes=1, seconds=29)) == []
        assert await release_orphans(session, grace, after(minutes=1, seconds=29)) == []
        orphans = await orphaned_symptoms(session, grace, after(minutes=1, seconds=30))
        assert [row.labels["instance"] for row in orphans] == ["a"]
        released = await release_orphans(session, grace, after(minutes=1, seconds=30))
        assert [one.id for one in released] == [early.id]
        assert [one.id for one in (await open_incidents_by_ci(session))[host]] == [early.id]
