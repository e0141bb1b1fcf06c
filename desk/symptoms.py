"""Consequences in the database: alerts and incidents that hang on the incident of their cause."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from desk.alert import AlertState, Role
from desk.correlation import OpenIncident, Reason, symptoms_of
from desk.incident import OPEN_STATES
from desk.models import AlertRow, Incident
from desk.store import note, record_suppression
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


async def join_symptom(session: AsyncSession, alert: AlertRow, cause: Incident, now: dt.datetime) -> None:
    """Hang a firing alert on the incident of its cause instead of opening one, and say so in the ledger."""
    alert.incident_id, alert.role = cause.id, Role.SYMPTOM
    told = alert.annotations.get("summary") or alert.rule
    note(session, cause, Entry.SYMPTOM_JOINED, now, detail=told)
    record_suppression(
        session,
        Reason.SYMPTOM,
        now,
        fingerprint=alert.fingerprint,
        incident_id=cause.id,
        detail=f"a consequence of {cause.number}: {told}",
    )


async def adopt_symptoms(
    session: AsyncSession, cause: Incident, downstream: Collection[int], now: dt.datetime
) -> list[Incident]:
    """Make the incidents that had opened shortly before their cause its symptoms; they are returned.

    What hung on them hangs on the cause then, so a consequence always names its root.
    """
    await session.flush()
    by_ci = await open_incidents_by_ci(session)
    itself = OpenIncident(cause.id, cause.ci_id, cause.category, cause.fingerprint, cause.symptom_of, cause.opened_at)
    ids = [one.id for one in symptoms_of(itself, downstream, by_ci, now)]
    if not ids:
        return []
    adopted = list(await session.scalars(select(Incident).where(Incident.id.in_(ids)).order_by(Incident.id)))
    for one in adopted:
        one.symptom_of = cause.id
        note(session, one, Entry.BECAME_SYMPTOM, now, detail=cause.number)
        note(session, cause, Entry.SYMPTOM_JOINED, now, detail=f"{one.number}: {one.title}")
    await session.execute(update(Incident).where(Incident.symptom_of.in_(ids)).values(symptom_of=cause.id))
    await session.execute(
        update(AlertRow)
        .where(AlertRow.incident_id.in_(ids), AlertRow.role == Role.SYMPTOM)
        .values(incident_id=cause.id)
    )
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
