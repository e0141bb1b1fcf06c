"""The life of an incident 事件: which event may happen in which state, and what it changes.

    new ──▶ assigned ──▶ in_progress ◀──▶ pending          (open: the condition or the work goes on)
     └────────┴──────────────┴─────────────┴──▶ restored ──▶ resolved ──▶ closed

Recovery restores 已恢复 whatever is open; a recurrence within `REOPEN_WITHIN` opens it again; closing
is the last word, and a person's for P1 and P2.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, replace

from desk.priority import Priority

REOPEN_WITHIN = dt.timedelta(minutes=30)


class State(enum.StrEnum):
    """新建、已派单、处理中、挂起、已恢复、已解决、已关闭."""

    NEW = "new"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    PENDING = "pending"
    RESTORED = "restored"
    RESOLVED = "resolved"
    CLOSED = "closed"


OPEN_STATES = frozenset({State.NEW, State.ASSIGNED, State.IN_PROGRESS, State.PENDING})


class Origin(enum.StrEnum):
    """Who noticed: 监控、用户、巡检、外部系统."""

    MONITORING = "monitoring"
    USER = "user"
    INSPECTION = "inspection"
    EXTERNAL = "external"


class Refusal(enum.StrEnum):
    """Why an event may not happen now; the API shows the word, `REMEDIES` what to do instead."""

    ALREADY_ACKNOWLEDGED = "already_acknowledged"
    ALREADY_STARTED = "already_started"
    ALREADY_PENDING = "already_pending"
    ALREADY_RESTORED = "already_restored"
    ALREADY_RESOLVED = "already_resolved"
    ALREADY_OPEN = "already_open"
    NOT_OPEN = "not_open"
    NOT_RESOLVED = "not_resolved"
    CLOSED = "closed"
    NEEDS_A_PERSON = "needs_a_person"
    TOO_LATE = "too_late"


REMEDIES = {
    Refusal.ALREADY_ACKNOWLEDGED: "somebody has acknowledged it before; assign it to take it over",
    Refusal.ALREADY_STARTED: "it is in progress already",
    Refusal.ALREADY_PENDING: "it is pending already; start it to go on",
    Refusal.ALREADY_RESTORED: "its recovery is recorded already",
    Refusal.ALREADY_RESOLVED: "it is resolved already; close it",
    Refusal.ALREADY_OPEN: "it is open already",
    Refusal.NOT_OPEN: "it is no longer open; only an open incident is worked on",
    Refusal.NOT_RESOLVED: "resolve it first, or wait until it is restored",
    Refusal.CLOSED: "it is closed for good; report a new incident",
    Refusal.NEEDS_A_PERSON: "a P1 or P2 is closed by a person",
    Refusal.TOO_LATE: "it was over for more than 30 minutes; this is a new incident",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The part of an incident that its life changes.

    `restored_at`, `resolved_at`, `resolution_code` and `solution` belong to the present episode: reopening
    clears them. `pending_reason` is None unless pending.
    """

    state: State
    priority: Priority
    assignee: str | None = None
    acknowledged_at: dt.datetime | None = None
    restored_at: dt.datetime | None = None
    resolved_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    pending_reason: str | None = None
    resolution_code: str | None = None
    solution: str | None = None
    reopened: int = 0

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """A person has seen it; an unassigned incident becomes theirs."""

    by: str


@dataclass(frozen=True, slots=True)
class Assign:
    to: str


@dataclass(frozen=True, slots=True)
class Start:
    """Work begins or goes on after a pause."""

    by: str


@dataclass(frozen=True, slots=True)
class Pend:
    """Work waits, for the reason given: a spare part, a window, the vendor."""

    reason: str


@dataclass(frozen=True, slots=True)
class Resolve:
    by: str
    code: str
    solution: str


@dataclass(frozen=True, slots=True)
class Close:
    by_person: bool


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark; it changes nothing and is welcome in every state."""


@dataclass(frozen=True, slots=True)
class Restore:
    """The condition is gone: the alert has cleared."""


@dataclass(frozen=True, slots=True)
class Reopen:
    """The condition is back: the alert fires again."""


Event = Acknowledge | Assign | Start | Pend | Resolve | Close | Comment | Restore | Reopen


def transition(  # noqa: C901, PLR0911 - one line per event: the table it is
    before: Standing, event: Event, now: dt.datetime
) -> Standing | Refusal:
    """What the incident is after `event`, or why the event may not happen."""
    match event:
        case Comment():
            return before
        case Restore():
            return _restore(before, now)
        case _ if before.state is State.CLOSED:
            return Refusal.CLOSED
        case Acknowledge(by):
            return _acknowledge(before, by, now)
        case Assign(to):
            return _assign(before, to)
        case Start(by):
            return _start(before, by, now)
        case Pend(reason):
            return _pend(before, reason)
        case Resolve():
            return _resolve(before, event, now)
        case Close(by_person):
            return _close(before, now, by_person=by_person)
        case Reopen():
            return _reopen(before, now)


def over_since(of: Standing) -> dt.datetime | None:
    """When the present episode last ended, by recovery or by a person; None while neither has been."""
    return max((at for at in (of.restored_at, of.resolved_at) if at is not None), default=None)


def _acknowledge(before: Standing, by: str, now: dt.datetime) -> Standing | Refusal:
    if before.acknowledged_at is not None:
        return Refusal.ALREADY_ACKNOWLEDGED
    if before.state is State.RESOLVED:
        return Refusal.ALREADY_RESOLVED
    state = State.ASSIGNED if before.state is State.NEW else before.state
    return replace(before, state=state, acknowledged_at=now, assignee=before.assignee or by)


def _assign(before: Standing, to: str) -> Standing | Refusal:
    if before.state is State.RESOLVED:
        return Refusal.ALREADY_RESOLVED
    return replace(before, state=State.ASSIGNED if before.state is State.NEW else before.state, assignee=to)


def _start(before: Standing, by: str, now: dt.datetime) -> Standing | Refusal:
    if before.state is State.IN_PROGRESS:
        return Refusal.ALREADY_STARTED
    if not before.is_open:
        return Refusal.NOT_OPEN
    return replace(
        before,
        state=State.IN_PROGRESS,
        assignee=before.assignee or by,
        acknowledged_at=before.acknowledged_at or now,
        pending_reason=None,
    )


def _pend(before: Standing, reason: str) -> Standing | Refusal:
    if before.state is State.PENDING:
        return Refusal.ALREADY_PENDING
    if not before.is_open:
        return Refusal.NOT_OPEN
    return replace(before, state=State.PENDING, pending_reason=reason)


def _resolve(before: Standing, event: Resolve, now: dt.datetime) -> Standing | Refusal:
    if before.state is State.RESOLVED:
        return Refusal.ALREADY_RESOLVED
    return replace(
        before,
        state=State.RESOLVED,
        assignee=before.assignee or event.by,
        acknowledged_at=before.acknowledged_at or now,
        resolved_at=now,
        resolution_code=event.code,
        solution=event.solution,
        pending_reason=None,
    )


def _close(before: Standing, now: dt.datetime, *, by_person: bool) -> Standing | Refusal:
    if before.is_open:
        return Refusal.NOT_RESOLVED
    if not by_person and before.priority in (Priority.P1, Priority.P2):
        return Refusal.NEEDS_A_PERSON
    return replace(before, state=State.CLOSED, closed_at=now)


def _restore(before: Standing, now: dt.datetime) -> Standing | Refusal:
    if before.restored_at is not None:
        return Refusal.ALREADY_RESTORED
    # What a person has resolved or closed before the alert cleared stays so; that it cleared is recorded.
    state = State.RESTORED if before.is_open else before.state
    return replace(before, state=state, restored_at=now, pending_reason=None)


def _reopen(before: Standing, now: dt.datetime) -> Standing | Refusal:
    over = over_since(before)
    if before.is_open or over is None:
        return Refusal.ALREADY_OPEN
    if now - over > REOPEN_WITHIN:
        return Refusal.TOO_LATE
    return replace(
        before,
        state=State.ASSIGNED if before.assignee else State.NEW,
        restored_at=None,
        resolved_at=None,
        resolution_code=None,
        solution=None,
        reopened=before.reopened + 1,
    )
