"""The fixed cast of the desk's tests: a switch, a host behind it, their alerts and incidents."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.item import Impact
from cmdb.models import ConfigurationItem
from core.labels import fingerprint, labels
from desk.alert import AVAILABILITY, AlertState
from desk.records import AlertRecord, NewIncident

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
