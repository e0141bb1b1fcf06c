"""What the API and notifications read: incidents as JSON, their timeline, the ledger, the outbox."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.models import ConfigurationItem
from cmdb.views import CiRef
from desk import models, views
from desk.alert import Role
from desk.incident import OPEN_STATES, State
from desk.priority import Priority

_NUMBER = re.compile(r"(INC-)?([0-9]{1,15})", re.IGNORECASE)

_GROUPS: dict[str, Collection[State]] = {
    "open": OPEN_STATES,
    "restored": (State.RESTORED, State.RESOLVED),
    "closed": (State.CLOSED,),
    "all": tuple(State),
}


async def list_incidents(session: AsyncSession, query: views.IncidentQuery) -> list[views.Incident]:
    """A page and one more, newest first."""
    statement = select(models.Incident).order_by(models.Incident.id.desc()).limit(query.limit + 1)
    if query.state != "all":
        statement = statement.where(models.Incident.state.in_(_GROUPS[query.state]))
    if before := query.after():
        statement = statement.where(models.Incident.id < before)
    return await incident_views(session, list(await session.scalars(statement)))


async def open_by_priority(session: AsyncSession) -> dict[Priority, int]:
    """How many incidents are open, for every priority."""
    of = models.Incident
    rows = await session.execute(
        select(of.priority, func.count()).where(of.state.in_(OPEN_STATES)).group_by(of.priority)
    )
    found = dict.fromkeys(Priority, 0)
    for priority, count in rows:
        found[priority] = count
    return found


async def find_incident(session: AsyncSession, key: str) -> models.Incident | None:
    """The incident with this number, or with this id."""
    if (numbered := _NUMBER.fullmatch(key)) is None:
        return None
    by_number, digits = numbered[1] is not None, numbered[2]
    matches = models.Incident.number == key.upper() if by_number else models.Incident.id == int(digits)
    return await session.scalar(select(models.Incident).where(matches))


async def incident_detail(session: AsyncSession, incident: models.Incident) -> views.IncidentDetail:
    """The incident with its timeline and its alerts, the cause first."""
    [view] = await incident_views(session, [incident])
    timeline = await session.scalars(
        select(models.IncidentEvent)
        .where(models.IncidentEvent.incident_id == incident.id)
        .order_by(models.IncidentEvent.id)
    )
    alerts = await session.scalars(
        select(models.AlertRow)
        .where(models.AlertRow.incident_id == incident.id)
        .order_by(models.AlertRow.role, models.AlertRow.id)
    )
    return views.IncidentDetail(
        **msgspec.structs.asdict(view),
        timeline=[msgspec.convert(row, views.TimelineEntry, from_attributes=True) for row in timeline],
        alerts=[msgspec.convert(row, views.IncidentAlert, from_attributes=True) for row in alerts],
    )


async def incident_views(session: AsyncSession, rows: Sequence[models.Incident]) -> list[views.Incident]:
    """Incidents as the interface shows them, with two queries however many they are."""
    refs = await _ci_refs(session, {row.ci_id for row in rows if row.ci_id is not None})
    consequences, symptom_alerts = await _symptoms(session, [row.id for row in rows])
    return [
        _view(row, refs.get(row.ci_id or 0), consequences.get(row.id, []), symptom_alerts.get(row.id, 0))
        for row in rows
    ]


async def list_suppressions(session: AsyncSession, query: views.SuppressionQuery) -> list[views.Suppressed]:
    """A page and one more of the ledger, newest first."""
    of = models.Suppression
    statement = (
        select(of, models.Incident.number)
        .outerjoin(models.Incident, of.incident_id == models.Incident.id)
        .order_by(of.id.desc())
        .limit(query.limit + 1)
    )
    if query.reason is not None:
        statement = statement.where(of.reason == query.reason)
    if query.incident is not None:
        statement = statement.where(of.incident_id == query.incident)
    if before := query.after():
        statement = statement.where(of.id < before)
    return [
        views.Suppressed(
            id=row.id, at=row.at, reason=row.reason, fingerprint=row.fingerprint, incident=number, detail=row.detail
        )
        for row, number in await session.execute(statement)
    ]


async def list_notifications(session: AsyncSession, query: views.NotificationQuery) -> list[views.Notification]:
    """A page and one more of the outbox, newest first."""
    of = models.OutboxRow
    statement = (
        select(of, models.Incident.number)
        .join(models.Incident, of.incident_id == models.Incident.id)
        .order_by(of.id.desc())
        .limit(query.limit + 1)
    )
    if query.state is not None:
        statement = statement.where(of.state == query.state)
    if query.incident is not None:
        statement = statement.where(of.incident_id == query.incident)
    if before := query.after():
        statement = statement.where(of.id < before)
    return [notification_view(row, number) for row, number in await session.execute(statement)]


def notification_view(row: models.OutboxRow, number: str) -> views.Notification:
    return views.Notification(
        id=row.id,
        channel=row.channel,
        kind=row.kind,
        incident=number,
        idempotency_key=row.idempotency_key,
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        sent_at=row.sent_at,
        last_error=row.last_error,
        payload=row.payload,
    )


async def _ci_refs(session: AsyncSession, ids: Collection[int]) -> dict[int, CiRef]:
    if not ids:
        return {}
    of = ConfigurationItem
    rows = await session.execute(select(of.id, of.code, of.name, of.class_).where(of.id.in_(ids)))
    return {row[0]: CiRef(*row) for row in rows}


async def _symptoms(session: AsyncSession, ids: Sequence[int]) -> tuple[dict[int, list[int]], dict[int, int]]:
    """Per cause the ids of its symptom incidents, and how many symptom alerts it has."""
    incident, alert = models.Incident, models.AlertRow
    incidents = select(incident.symptom_of, incident.id, literal(0)).where(incident.symptom_of.in_(ids))
    alerts = (
        select(alert.incident_id, literal(0), func.count())
        .where(alert.incident_id.in_(ids), alert.role == Role.SYMPTOM)
        .group_by(alert.incident_id)
    )
    consequences: dict[int, list[int]] = defaultdict(list)
    counts: dict[int, int] = {}
    for cause, consequence, count in await session.execute(incidents.union_all(alerts)):
        assert cause is not None, "both halves ask for given causes"
        if consequence:
            consequences[cause].append(consequence)
        else:
            counts[cause] = count
    return {cause: sorted(several) for cause, several in consequences.items()}, counts


def _view(row: models.Incident, ci: CiRef | None, cause_of: list[int], symptom_alerts: int) -> views.Incident:
    stored = {
        name: getattr(row, name)
        for name in views.Incident.__struct_fields__
        if name not in {"ci", "cause_of", "symptoms"}
    }
    return views.Incident(**stored, ci=ci, cause_of=cause_of, symptoms=symptom_alerts + len(cause_of))
