"""The fixed cast of the desk's tests: a switch, a host behind it, their alerts and incidents."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.item import Impact
from cmdb.models import ConfigurationItem
from cmdb.views import CiRef
from core.labels import fingerprint, labels
from desk import store, views
from desk.alert import AVAILABILITY, AlertState
from desk.channels.base import Channel, Delivery
from desk.correlation import symptoms_of
from desk.incident import Origin, Refusal, Reopen, Restore, State
from desk.models import Incident
from desk.notification import payload
from desk.outbox import Kind, idempotency_key
from desk.priority import Priority
from desk.records import AlertRecord, NewIncident
from desk.symptoms import open_incidents_by_ci
from desk.timeline import Entry

NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)


def after(**span: float) -> dt.datetime:
    """Noon plus a span, as `timedelta` takes it."""
    return NOON + dt.timedelta(**span)


async def add_ci(session: AsyncSession, name: str, class_: str = "switch") -> int:
    row = ConfigurationItem(
        code=f"{class_[:3].upper()}-{name}", name=name, name_key=name, class_=class_, state="in_service",
        origin="discovered", attributes={}, recorded=[], created_at=NOON, updated_at=NOON,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return row.id


def print_of(instance: str, rule: str = "TargetDown") -> str:
    return fingerprint(labels(alertname=rule, instance=instance))


def new_incident(instance: str = "core-1", rule: str = "TargetDown", **changes: Any) -> NewIncident:
    stated: dict[str, Any] = {
        "title": f"{instance} does not answer", "impact": Impact.SERVICE, "urgency": 1, "rule": rule,
        "fingerprint": print_of(instance, rule), "severity": "critical", "category": AVAILABILITY,
        "labels": {"alertname": rule, "instance": instance}, "annotations": {"summary": f"{instance} does not answer"},
    }  # fmt: skip
    return NewIncident(**(stated | changes))


def alert_record(instance: str = "core-1", rule: str = "TargetDown", **changes: Any) -> AlertRecord:
    stated: dict[str, Any] = {
        "rule_key": f"basics/{rule}", "rule": rule, "fingerprint": print_of(instance, rule),
        "labels": {"alertname": rule, "instance": instance}, "annotations": {"summary": f"{rule} of {instance}"},
        "state": AlertState.FIRING, "severity": "critical", "category": AVAILABILITY, "value": 0.0,
        "active_at": NOON, "fired_at": NOON,
    }  # fmt: skip
    return AlertRecord(**(stated | changes))


async def restore(session: AsyncSession, incident: Incident, now: dt.datetime) -> Refusal | None:
    """The condition is gone."""
    return await store.apply(session, incident, Restore(), Entry.RESTORED, now)


async def reopen(session: AsyncSession, incident: Incident, now: dt.datetime) -> Refusal | None:
    """The condition is back."""
    return await store.apply(session, incident, Reopen(), Entry.REOPENED, now)


def incident_view(**changes: Any) -> views.Incident:
    """An incident as JSON has it, on the switch core-1."""
    stated: dict[str, Any] = {
        "id": 12, "number": "INC-000012", "state": State.NEW, "priority": Priority.P1, "impact": Impact.SERVICE,
        "urgency": 1, "severity": "critical", "category": AVAILABILITY, "title": "does not answer",
        "fingerprint": print_of("core-1"), "rule": "TargetDown",
        "labels": {"alertname": "TargetDown", "instance": "core-1"}, "annotations": {"summary": "does not answer"},
        "ci": CiRef(1, "SWI-000001", "core-1", "switch"), "services": ["户籍系统"], "origin": Origin.MONITORING,
        "cause_of": [], "symptom_of": None, "symptoms": 0, "opened_at": NOON, "acknowledged_at": None,
        "restored_at": None, "resolved_at": None, "closed_at": None, "assignee": None, "pending_reason": None,
        "resolution_code": None, "solution": None, "reopened": 0,
    }  # fmt: skip
    return views.Incident(**(stated | changes))


def delivery(kind: Kind = Kind.OPENED, *, channel: str = "ops", **changes: Any) -> Delivery:
    view = incident_view(**changes)
    key, opening = (idempotency_key(view.number, view.opened_at, one, "0", channel) for one in (kind, Kind.OPENED))
    body = payload(view, kind, receiver=channel, idempotency_key=key, now=NOON, external_url="https://fw.example.org")
    return Delivery(key, opening, kind, body, NOON)


@contextlib.asynccontextmanager
async def closing(channel: Channel) -> AsyncIterator[Channel]:
    try:
        yield channel
    finally:
        await channel.close()


async def explained(session: AsyncSession, cause: Incident, downstream: list[int]) -> list[int]:
    """The ids of the open incidents that `cause` explains."""
    await session.flush()
    open_by_ci = await open_incidents_by_ci(session)
    itself = next(one for one in open_by_ci[cause.ci_id] if one.id == cause.id)
    return [one.id for one in symptoms_of(itself, downstream, open_by_ci, cause.opened_at)]
