"""Incidents by the hundred: a tick in which everything fails takes a handful of statements, not one for each.

Incidents are read under a lock, in the order of their ids, so that two writers wait for each other and never
in a circle; what becomes of them is decided on what was read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import Base
from desk.alert import AlertState, Role
from desk.incident import OPEN_STATES
from desk.models import AlertRow, Incident, IncidentEvent
from desk.records import NewIncident
from desk.store import columns_of, next_numbers
from desk.text import storable
from desk.timeline import PRODUCT, Entry

T = TypeVar("T")

_AT_ONCE = 500  # values in one statement: SQLite takes 32,766 parameters


def chunks(several: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at a time as one statement takes."""
    for start in range(0, len(several), _AT_ONCE):
        yield several[start : start + _AT_ONCE]


async def incidents_by_id(session: AsyncSession, ids: Collection[int]) -> dict[int, Incident]:
    """Incidents as they are now, locked."""
    found: dict[int, Incident] = {}
    for some in chunks(sorted(ids)):
        rows = await session.scalars(
            select(Incident)
            .where(Incident.id.in_(some))
            .order_by(Incident.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found |= {row.id: row for row in rows}
    return found


async def newest_incidents(session: AsyncSession, fingerprints: Collection[str]) -> dict[str, Incident]:
    """The newest incident of each condition, locked; when one of them is open, it is the newest."""
    ids: list[int] = []
    for some in chunks(sorted(fingerprints)):
        newest = select(func.max(Incident.id)).where(Incident.fingerprint.in_(some)).group_by(Incident.fingerprint)
        ids += await session.scalars(newest)
    found = (await incidents_by_id(session, ids)).values()
    return {row.fingerprint: row for row in found if row.fingerprint is not None}


async def open_incidents_of(session: AsyncSession, fingerprints: Collection[str]) -> dict[str, Incident]:
    """The open incident of each condition that has one, locked."""
    newest = await newest_incidents(session, fingerprints)
    return {fingerprint: row for fingerprint, row in newest.items() if row.state in OPEN_STATES}


async def still_firing(session: AsyncSession, ids: Collection[int]) -> set[int]:
    """Those of these incidents about which an alert fires: several rules may find the same condition."""
    of = AlertRow
    found: set[int] = set()
    for some in chunks(sorted(ids)):
        fires = (of.incident_id.in_(some), of.role == Role.CAUSE, of.state == AlertState.FIRING)
        found.update(one for one in await session.scalars(select(of.incident_id).where(*fires)) if one is not None)
    return found


async def open_incidents(session: AsyncSession, several: Sequence[NewIncident], now: dt.datetime) -> list[Incident]:
    """Open an incident for each, in their order.

    Raises:
        IntegrityError: another writer has opened one for the same condition; the transaction has failed then.
    """
    incidents: list[Incident] = []
    for some in chunks(several):
        numbers = await next_numbers(session, len(some))
        rows = [columns_of(new, now, number) for new, number in zip(some, numbers, strict=True)]
        await insert_all(session, Incident, rows)
        incidents += await session.scalars(select(Incident).where(Incident.number.in_(numbers)).order_by(Incident.id))
    await note_all(session, [(incident, Entry.OPENED, "") for incident in incidents], now)
    return incidents


async def note_all(session: AsyncSession, entries: Sequence[tuple[Incident, Entry, str]], now: dt.datetime) -> None:
    """As `desk.store.note`, for what the product did to many incidents; the third is the detail."""
    rows = [
        {"incident_id": incident.id, "at": now, "actor": PRODUCT, "kind": kind, "detail": storable(detail)}
        for incident, kind, detail in entries
    ]
    await insert_all(session, IncidentEvent, rows)


async def insert_all(session: AsyncSession, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, each with the same columns, without asking for their ids."""
    await session.flush()
    for some in chunks(rows):
        await session.execute(insert(table), list(some), execution_options={"render_nulls": True})
