"""Alerts and incidents in the database; every function works in the caller's transaction."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import and_, case, null, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from desk import incident as life
from desk.alert import AlertState
from desk.correlation import Reason
from desk.models import AlertRow, Incident, IncidentEvent
from desk.priority import priority
from desk.records import AlertRecord, NewIncident
from desk.text import one_line, storable, storable_pairs
from desk.timeline import PRODUCT, Entry

_ROWS_A_STATEMENT = 500  # SQLite takes 32,766 parameters
_LONGEST_TITLE = 300
_LINKS = ("incident_id", "role")
_RULES_WORDS = ("title", "category", "annotations")
_REGISTERS_WORDS = ("ci_id", "services", "impact", "priority")
_RECORDED = tuple(column.name for column in fields(AlertRecord))


@dataclass(frozen=True, slots=True)
class Opening:
    """The open incident of a condition; `created` is False when it was open already."""

    incident: Incident
    created: bool


# Alerts


async def load_alerts(session: AsyncSession) -> list[AlertRow]:
    """Every pending and firing alert, for an evaluator that starts."""
    live = (AlertState.PENDING, AlertState.FIRING)
    return list(await session.scalars(select(AlertRow).where(AlertRow.state.in_(live)).order_by(AlertRow.id)))


async def unmatched_alerts(session: AsyncSession) -> list[AlertRow]:
    """The alerts that fire about no item that is known and have an open incident."""
    its_own = and_(AlertRow.incident_id == Incident.id, Incident.state.in_(life.OPEN_STATES))
    fires = (AlertRow.state == AlertState.FIRING, AlertRow.ci_id.is_(None))
    return list(await session.scalars(select(AlertRow).join(Incident, its_own).where(*fires).order_by(AlertRow.id)))


async def save_alerts(session: AsyncSession, records: Sequence[AlertRecord]) -> list[AlertRow]:
    """Write the state of alerts and return their rows in the order of `records`.

    A row keeps its incident while `active_at` stays the same; a new cycle begins without one. Of several
    records of one alert the last counts.
    """
    latest = {(record.rule_key, record.fingerprint): record for record in records}
    values = [_columns(record) for record in latest.values()]
    rows: dict[tuple[str, str], AlertRow] = {}
    for start in range(0, len(values), _ROWS_A_STATEMENT):
        for row in await _upsert(session, values[start : start + _ROWS_A_STATEMENT]):
            rows[row.rule_key, row.fingerprint] = row
    return [rows[storable(record.rule_key), record.fingerprint] for record in records]


async def _upsert(session: AsyncSession, values: list[dict[str, Any]]) -> list[AlertRow]:
    dialect = sqlite if _is_sqlite(session) else postgresql
    await session.flush()
    found = await session.scalars(
        _UPSERTS[dialect], values, execution_options={"populate_existing": True, "render_nulls": True}
    )
    return list(found)


def _upsert_statement(dialect: Any) -> Any:
    """Built once: with the values apart from the statement it is compiled once, too."""
    statement = dialect.insert(AlertRow)
    fresh = statement.excluded
    same_cycle = AlertRow.active_at == fresh.active_at
    update = {column.name: fresh[column.name] for column in fields(AlertRecord)}
    update |= {name: case((same_cycle, getattr(AlertRow, name)), else_=null()) for name in _LINKS}
    keys = ["rule_key", "fingerprint"]
    return statement.on_conflict_do_update(index_elements=keys, set_=update).returning(AlertRow)


_UPSERTS = {dialect: _upsert_statement(dialect) for dialect in (sqlite, postgresql)}


def _columns(record: AlertRecord) -> dict[str, Any]:
    columns = {name: getattr(record, name) for name in _RECORDED}
    columns |= {
        "rule_key": storable(record.rule_key),
        "rule": storable(record.rule),
        "labels": storable_pairs(record.labels),
        "annotations": storable_pairs(record.annotations),
        "severity": record.severity and storable(record.severity),
        "category": record.category and storable(record.category),
        "value": None if math.isnan(record.value) else record.value,
    }
    return columns


# Incidents


async def find_open(session: AsyncSession, fingerprint: str) -> Incident | None:
    """The open incident of a condition."""
    return await session.scalar(
        select(Incident).where(Incident.fingerprint == fingerprint, Incident.state.in_(life.OPEN_STATES))
    )


async def open_incident(
    session: AsyncSession, new: NewIncident, now: dt.datetime, *, actor: str = PRODUCT, detail: str = ""
) -> Opening:
    """Open an incident, or return the one that is open for this fingerprint.

    Two writers on PostgreSQL that open at once end with one incident: the unique index lets the second
    insert wait for the first to commit, and its savepoint gives the number back. SQLite has one writer at a
    time, so what was looked up holds.
    """
    if new.fingerprint is not None and (existing := await find_open(session, new.fingerprint)) is not None:
        return Opening(existing, created=False)
    try:
        async with _savepoint(session):
            incident = Incident(**columns_of(new, now, await next_number(session)))
            session.add(incident)
            await session.flush()
    except IntegrityError:
        existing = await find_open(session, new.fingerprint) if new.fingerprint else None
        if existing is None:
            raise
        return Opening(existing, created=False)
    note(session, incident, Entry.OPENED, now, actor=actor, detail=detail)
    return Opening(incident, created=True)


async def apply(
    session: AsyncSession,
    incident: Incident,
    event: life.Event,
    entry: Entry,
    now: dt.datetime,
    *,
    actor: str = PRODUCT,
    detail: str = "",
) -> life.Refusal | None:
    """Let `event` happen to the incident as it is now in the database, and write it into the timeline."""
    await session.flush()
    await session.refresh(incident, with_for_update=True)
    refusal = change(incident, event, now)
    if refusal is None:
        note(session, incident, entry, now, actor=actor, detail=detail)
    return refusal


def change(incident: Incident, event: life.Event, now: dt.datetime) -> life.Refusal | None:
    """Let `event` happen to an incident that was read under a lock in this transaction; the timeline is left alone."""
    after = life.transition(standing(incident), event, now)
    if isinstance(after, life.Refusal):
        return after
    for field in fields(after):
        setattr(incident, field.name, getattr(after, field.name))
    return None


def renew(incident: Incident, new: NewIncident) -> None:
    """Let an incident that opens again, or gets to know its item, say what holds now, not what held at first.

    The rule's words may have another value in them, and the register may have come to know the item since; what it
    does not know any more stays.
    """
    columns = columns_of(new, incident.opened_at, incident.number)
    for name in _RULES_WORDS if new.ci_id is None else _RULES_WORDS + _REGISTERS_WORDS:
        setattr(incident, name, columns[name])


def standing(of: Incident) -> life.Standing:
    """The incident's part that its life changes."""
    return life.Standing(**{field.name: getattr(of, field.name) for field in fields(life.Standing)})


def note(
    session: AsyncSession, incident: Incident, kind: Entry, now: dt.datetime, *, actor: str = PRODUCT, detail: str = ""
) -> None:
    """Append one line to the timeline."""
    session.add(
        IncidentEvent(incident_id=incident.id, at=now, actor=storable(actor), kind=kind, detail=storable(detail))
    )


def suppression(
    reason: Reason, now: dt.datetime, *, fingerprint: str | None, incident_id: int | None = None, detail: str = ""
) -> dict[str, Any]:
    """The columns of one line of the ledger: something was not sent, and why."""
    told = one_line(detail, 500)
    return {"at": now, "fingerprint": fingerprint, "incident_id": incident_id, "reason": reason, "detail": told}


def columns_of(new: NewIncident, now: dt.datetime, number: str) -> dict[str, Any]:
    """The columns of an incident that opens now."""
    return {
        "number": number,
        "state": life.State.NEW,
        "priority": priority(new.impact, new.urgency),
        "impact": new.impact,
        "urgency": new.urgency,
        "severity": new.severity and storable(new.severity),
        "category": new.category and storable(new.category),
        "title": one_line(new.title, _LONGEST_TITLE),
        "fingerprint": new.fingerprint,
        "rule": new.rule and storable(new.rule),
        "labels": storable_pairs(new.labels),
        "annotations": storable_pairs(new.annotations),
        "ci_id": new.ci_id,
        "services": [storable(name) for name in new.services],
        "origin": new.origin,
        "opened_at": now,
    }


def _savepoint(session: AsyncSession) -> AbstractAsyncContextManager[Any]:
    """A savepoint where another writer may come between a look and a write."""
    return contextlib.nullcontext() if _is_sqlite(session) else session.begin_nested()


def _is_sqlite(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "sqlite"


_COUNT_UP = text(
    "INSERT INTO number_sequences (name, last) VALUES (:name, :count) "
    "ON CONFLICT (name) DO UPDATE SET last = number_sequences.last + :count RETURNING last"
)


async def next_number(session: AsyncSession) -> str:
    """As `next_numbers`, for one."""
    return (await next_numbers(session, 1))[0]


async def next_numbers(session: AsyncSession, count: int) -> list[str]:
    """The next incident numbers; they are given back when the transaction or savepoint does not commit."""
    last: int = (await session.execute(_COUNT_UP, {"name": "incident", "count": count})).scalar_one()
    return [f"INC-{number:06d}" for number in range(last - count + 1, last + 1)]
