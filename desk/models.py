"""Tables of the service desk: alerts, incidents, their timeline, the suppression ledger, the outbox."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

from sqlalchemy import Enum, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cmdb.item import Impact
from core.database import Base, PrimaryKey
from desk.alert import AlertState, Role
from desk.correlation import Reason
from desk.incident import OPEN_STATES, Origin, State
from desk.outbox import DeliveryState, Kind
from desk.priority import Priority
from desk.timeline import Entry


def _words(of: type[enum.StrEnum]) -> Enum:
    """A text column that holds the values of an enumeration; new values need no migration."""
    return Enum(
        of, native_enum=False, create_constraint=False, length=32, values_callable=lambda e: [m.value for m in e]
    )


def _any_of(words: frozenset[State]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


_IS_OPEN = text(f"state IN ({_any_of(OPEN_STATES)})")


class NumberSequence(Base):
    """The last number given out per kind of record; its row lock is what keeps numbers without gaps."""

    __tablename__ = "number_sequences"

    name: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class Incident(Base):
    """One incident 事件.

    Attributes:
        number: `INC-000001`, without gaps.
        fingerprint: of the alert that opened it; None when a person reported it.
        urgency: 1 (now) to 4.
        services: names of the business services hit, at opening.
        symptom_of: the incident whose consequence this one turned out to be.
        pending_reason, resolution_code, solution, restored_at, resolved_at: see `desk.incident.Standing`.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        # One open incident per condition, whoever writes; after it is over a later recurrence opens the next.
        Index(
            "uq_incidents_open_fingerprint", "fingerprint", unique=True,
            sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN,
        ),
        Index("ix_incidents_state", "state", "id"),
        Index("ix_incidents_fingerprint", "fingerprint", "id"),
    )  # fmt: skip

    id: Mapped[PrimaryKey]
    number: Mapped[str] = mapped_column(unique=True)
    state: Mapped[State] = mapped_column(_words(State))
    priority: Mapped[Priority] = mapped_column(_words(Priority))
    impact: Mapped[Impact] = mapped_column(_words(Impact))
    urgency: Mapped[int]
    severity: Mapped[str | None]
    category: Mapped[str | None]
    title: Mapped[str]
    fingerprint: Mapped[str | None]
    rule: Mapped[str | None]
    labels: Mapped[dict[str, Any]]
    annotations: Mapped[dict[str, Any]]
    ci_id: Mapped[int | None] = mapped_column(ForeignKey("cis.id"), index=True)
    services: Mapped[list[Any]]
    origin: Mapped[Origin] = mapped_column(_words(Origin))
    symptom_of: Mapped[int | None] = mapped_column(ForeignKey("incidents.id"), index=True)
    opened_at: Mapped[dt.datetime]
    acknowledged_at: Mapped[dt.datetime | None]
    restored_at: Mapped[dt.datetime | None]
    resolved_at: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None]
    assignee: Mapped[str | None]
    pending_reason: Mapped[str | None]
    resolution_code: Mapped[str | None]
    solution: Mapped[str | None]
    reopened: Mapped[int] = mapped_column(default=0)


class AlertRow(Base):
    """The present state of one alert: what a restart goes on from, and the desk's record of it.

    Attributes:
        rule_key: the rule's stable identity; `rule` is its name.
        value: of the expression; None when it is no number (NaN).
        active_at: when the condition began to hold; with it a new cycle is told from the one before.
        incident_id, role: the incident of the present cycle; both None before one is decided.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("rule_key", "fingerprint", name="uq_alerts_rule_key"),
        Index("ix_alerts_state", "state"),
    )

    id: Mapped[PrimaryKey]
    rule_key: Mapped[str]
    rule: Mapped[str]
    fingerprint: Mapped[str] = mapped_column(index=True)
    labels: Mapped[dict[str, Any]]
    annotations: Mapped[dict[str, Any]]
    state: Mapped[AlertState] = mapped_column(_words(AlertState))
    severity: Mapped[str | None]
    category: Mapped[str | None]
    value: Mapped[float | None]
    active_at: Mapped[dt.datetime]
    fired_at: Mapped[dt.datetime | None]
    keep_firing_since: Mapped[dt.datetime | None]
    resolved_at: Mapped[dt.datetime | None]
    ci_id: Mapped[int | None] = mapped_column(ForeignKey("cis.id"))
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incidents.id"), index=True)
    role: Mapped[Role | None] = mapped_column(_words(Role))


class IncidentEvent(Base):
    """One line of an incident's timeline 处理记录; only ever appended.

    Attributes:
        actor: the account or token that did it; `forewatch` for what the product does itself.
        detail: what the kind calls for: the comment's text, the new assignee, the reason.
    """

    __tablename__ = "incident_events"

    id: Mapped[PrimaryKey]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id"), index=True)
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    kind: Mapped[Entry] = mapped_column(_words(Entry))
    detail: Mapped[str]


class Suppression(Base):
    """One line of the ledger of what was not sent, and why; only ever appended.

    Attributes:
        fingerprint: of the alert that was kept quiet; None when the incident was a person's.
        incident_id: the incident it was counted to; None when there is none (informational).
    """

    __tablename__ = "suppressions"
    __table_args__ = (Index("ix_suppressions_fingerprint", "fingerprint", "id"),)

    id: Mapped[PrimaryKey]
    at: Mapped[dt.datetime]
    fingerprint: Mapped[str | None]
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incidents.id"), index=True)
    reason: Mapped[Reason] = mapped_column(_words(Reason))
    detail: Mapped[str]


class OutboxRow(Base):
    """One notification for one channel, written in the transaction that made it necessary.

    Attributes:
        idempotency_key: the same for every attempt, so that the receiver can tell a repeat.
        thread_key: the idempotency key of the incident's opening on this channel.
        payload: the whole body, frozen when it was written.
        attempts: how often sending was begun.
        next_attempt_at: not before.
        expires_at: when patience ends.
        leased_until: somebody is sending it until then; None while nobody is.
        last_error: of the last attempt that failed.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_pending", "channel", "incident_id", "id",
            sqlite_where=text("state = 'pending'"), postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_outbox_state", "state", "id"),
    )  # fmt: skip

    id: Mapped[PrimaryKey]
    channel: Mapped[str]
    kind: Mapped[Kind] = mapped_column(_words(Kind))
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id"), index=True)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    thread_key: Mapped[str]
    payload: Mapped[dict[str, Any]]
    state: Mapped[DeliveryState] = mapped_column(_words(DeliveryState))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    leased_until: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    sent_at: Mapped[dt.datetime | None]
    last_error: Mapped[str | None]
