"""Consequences in the database: alerts and incidents that hang on the incident of their cause."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from desk.alert import AlertState, Role
from desk.bulk import chunks, insert_all, note_all
from desk.correlation import OpenIncident, Reason
from desk.incident import OPEN_STATES
from desk.models import AlertRow, Incident, Suppression
from desk.store import note, suppression
from desk.timeline import Entry


async def open_incidents_by_ci(session: AsyncSession) -> dict[int, list[OpenIncident]]:
    """What correlation needs to know: the open incidents by their item."""
    by_ci: dict[int, list[OpenIncident]] = defaultdict(list)
    wanted = (
        Incident.id,
        Incident.ci_id,
        Incident.category,
        Incident.fingerprint,
        Incident.symptom_of,
        Incident.opened_at,
    )
    rows = await session.execute(
        select(*wanted).where(Incident.state.in_(OPEN_STATES), Incident.ci_id.is_not(None)).order_by(Incident.id)
    )
    for row in rows:
        by_ci[row.ci_id].append(OpenIncident(*row))
    return dict(by_ci)


def lead_with(alert: AlertRow, incident: Incident) -> None:
    """Make the alert the cause of the incident."""
    alert.incident_id, alert.role = incident.id, Role.CAUSE


async def join_symptoms(session: AsyncSession, several: Sequence[tuple[AlertRow, Incident]], now: dt.datetime) -> None:
    """Hang firing alerts on the incidents of their causes instead of opening any, and say so in the ledger."""
    entries: list[tuple[Incident, Entry, str]] = []
    ledger: list[dict[str, object]] = []
    for alert, cause in several:
        alert.incident_id, alert.role = cause.id, Role.SYMPTOM
        told = alert.annotations.get("summary") or alert.rule
        entries.append((cause, Entry.SYMPTOM_JOINED, told))
        detail = f"a consequence of {cause.number}: {told}"
        ledger.append(
            suppression(Reason.SYMPTOM, now, fingerprint=alert.fingerprint, incident_id=cause.id, detail=detail)
        )
    await note_all(session, entries, now)
    await insert_all(session, Suppression, ledger)


async def adopt_symptoms(
    session: AsyncSession, cause: Incident, ids: Collection[int], now: dt.datetime
) -> list[Incident]:
    """Make the incidents with these ids symptoms of `cause` (`desk.correlation.symptoms_of`); they are returned.

    What hung on them hangs on the cause then, so a consequence always names its root.
    """
    await session.flush()
    adopted: list[Incident] = []
    for some in chunks(sorted(ids)):
        adopted += await session.scalars(select(Incident).where(Incident.id.in_(some)).order_by(Incident.id))
        of_incidents = update(Incident).where(Incident.symptom_of.in_(some)).values(symptom_of=cause.id)
        hanging = (AlertRow.incident_id.in_(some), AlertRow.role == Role.SYMPTOM)
        of_alerts = update(AlertRow).where(*hanging).values(incident_id=cause.id)
        for statement in (of_incidents, of_alerts):
            await session.execute(statement, execution_options={"synchronize_session": False})
    entries: list[tuple[Incident, Entry, str]] = []
    for one in adopted:
        one.symptom_of = cause.id
        entries.append((one, Entry.BECAME_SYMPTOM, cause.number))
        entries.append((cause, Entry.SYMPTOM_JOINED, f"{one.number}: {one.title}"))
    await note_all(session, entries, now)
    return adopted


async def orphaned_symptoms(session: AsyncSession, grace: dt.timedelta, now: dt.datetime) -> list[AlertRow]:
    """Symptom alerts that still fire though their cause has been over for `grace`: each needs its own decision."""
    return list(
        await session.scalars(
            select(AlertRow)
            .join(Incident, AlertRow.incident_id == Incident.id)
            .where(AlertRow.state == AlertState.FIRING, AlertRow.role == Role.SYMPTOM, *_over_for(grace, now))
            .order_by(AlertRow.id)
        )
    )


async def release_orphans(session: AsyncSession, grace: dt.timedelta, now: dt.datetime) -> list[Incident]:
    """Let open incidents whose cause has been over for `grace` stand for themselves again; they are returned."""
    consequence = aliased(Incident)
    released = list(
        await session.scalars(
            select(consequence)
            .join(Incident, consequence.symptom_of == Incident.id)
            .where(consequence.state.in_(OPEN_STATES), *_over_for(grace, now))
            .order_by(consequence.id)
        )
    )
    for one in released:
        one.symptom_of = None
        note(session, one, Entry.RELEASED, now)
    return released


def _over_for(grace: dt.timedelta, now: dt.datetime) -> list[ColumnElement[bool]]:
    ended = [Incident.restored_at, Incident.resolved_at]
    return [
        Incident.state.not_in(OPEN_STATES),
        *(or_(at.is_(None), at <= now - grace) for at in ended),
    ]
