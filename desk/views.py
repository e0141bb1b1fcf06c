"""The service desk as JSON: what the REST takes and gives, and what a webhook carries."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from cmdb.item import Impact
from cmdb.views import CiRef
from core.fields import Line, Prose
from core.http import PageQuery
from desk.alert import AlertState, Role
from desk.correlation import Reason
from desk.incident import Origin, State
from desk.outbox import DeliveryState, Kind
from desk.priority import Priority
from desk.timeline import Entry

Id = Annotated[int, Meta(ge=1, le=2**53)]


class Incident(msgspec.Struct, kw_only=True):
    """One incident.

    Attributes:
        fingerprint, rule: of the alert that opened it; null when a person reported it.
        ci: the item it is about; null when none is known.
        services: names of the business services hit.
        cause_of: ids of the incidents that turned out to be consequences of this one.
        symptom_of: id of the incident this one is a consequence of; null when it stands for itself.
        symptoms: how many alerts and incidents are consequences of this one.
        restored_at, resolved_at: of the present episode; null while it goes on.
    """

    id: int
    number: str
    state: State
    priority: Priority
    impact: Impact
    urgency: int
    severity: str | None
    category: str | None
    title: str
    fingerprint: str | None
    rule: str | None
    labels: dict[str, str]
    annotations: dict[str, str]
    ci: CiRef | None
    services: list[str]
    origin: Origin
    cause_of: list[int]
    symptom_of: int | None
    symptoms: int
    opened_at: dt.datetime
    acknowledged_at: dt.datetime | None
    restored_at: dt.datetime | None
    resolved_at: dt.datetime | None
    closed_at: dt.datetime | None
    assignee: str | None
    pending_reason: str | None
    resolution_code: str | None
    solution: str | None
    reopened: int


class TimelineEntry(msgspec.Struct, kw_only=True):
    """One line of the timeline; `actor` is `forewatch` for what the product did itself."""

    at: dt.datetime
    actor: str
    kind: Entry
    detail: str


class IncidentAlert(msgspec.Struct, kw_only=True):
    """An alert that belongs to an incident, as its cause or as a symptom; `value` is null when it is no number."""

    rule: str
    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    state: AlertState
    role: Role | None
    severity: str | None
    value: float | None
    active_at: dt.datetime
    fired_at: dt.datetime | None
    resolved_at: dt.datetime | None


class IncidentDetail(Incident, kw_only=True):
    """One incident with everything that happened to it; timeline oldest first."""

    timeline: list[TimelineEntry]
    alerts: list[IncidentAlert]


class IncidentQuery(PageQuery, kw_only=True):
    """`open` is new to pending, `restored` restored and resolved, `closed` what is done with."""

    state: Literal["open", "restored", "closed", "all"] = "all"


class SuppressionQuery(PageQuery, kw_only=True):
    """Narrows the ledger to one reason or one incident (its id)."""

    reason: Reason | None = None
    incident: Id | None = None


class NotificationQuery(PageQuery, kw_only=True):
    """Narrows the outbox to one state or one incident (its id)."""

    state: DeliveryState | None = None
    incident: Id | None = None


class NewIncident(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An incident that a person reports.

    Attributes:
        description: what was seen, in the reporter's words.
        ci: id or code of the item it is about.
        services: names of the business services hit; left out, those that need the item.
        impact: who is hit; left out, it follows from the services that need the item.
        urgency: 1 (now) to 4 (some time).
    """

    title: Line
    description: Prose | None = None
    ci: Id | Annotated[str, Meta(max_length=100, pattern=r"^[^\x00]*$")] | None = None
    services: Annotated[list[Line], Meta(max_length=100)] = []
    impact: Impact | None = None
    urgency: Annotated[int, Meta(ge=1, le=4)] = 3
    origin: Literal["user", "inspection"] = "user"


class Assignment(msgspec.Struct, forbid_unknown_fields=True):
    assignee: Line


class Pause(msgspec.Struct, forbid_unknown_fields=True):
    """Why work waits."""

    reason: Line


class Resolution(msgspec.Struct, forbid_unknown_fields=True):
    """How it was resolved: a short code (`fixed`, `workaround`, `no_fault`, …) and what was done."""

    solution: Prose
    code: Line = "fixed"


class Remark(msgspec.Struct, forbid_unknown_fields=True):
    text: Prose


class Suppressed(msgspec.Struct, kw_only=True):
    """One line of the suppression ledger; `incident` is the number it was counted to, null when to none."""

    id: int
    at: dt.datetime
    reason: Reason
    fingerprint: str | None
    incident: str | None
    detail: str


class Notification(msgspec.Struct, kw_only=True):
    """One notification in the outbox; `last_error` is of the last attempt that failed."""

    id: int
    channel: str
    kind: Kind
    incident: str
    idempotency_key: str
    state: DeliveryState
    attempts: int
    created_at: dt.datetime
    next_attempt_at: dt.datetime
    sent_at: dt.datetime | None
    last_error: str | None
    payload: dict[str, Any]
