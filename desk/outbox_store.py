"""The outbox in the database: written with what it tells of, leased for sending, settled afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.database import UtcDateTime
from desk import notification, views
from desk.bulk import chunks, insert_all
from desk.models import Incident, OutboxRow
from desk.outbox import ENDINGS, GIVE_UP_AFTER, LONGEST_WAIT, Dead, DeliveryState, Kind, Retry, Sent, idempotency_key
from desk.queries import incident_views
from desk.text import one_line

_LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Counts:
    """How the outbox stands; `oldest_created_at` is of the oldest pending row, None when there is none."""

    pending: int
    dead: int
    oldest_created_at: dt.datetime | None


async def enqueue(
    session: AsyncSession,
    incident: Incident,
    kind: Kind,
    channels: Collection[str],
    now: dt.datetime,
    *,
    step: str = "",
    external_url: str = "",
) -> int:
    """Write one notification a channel, its body frozen as things are now; returns how many were written.

    The end of an incident goes to the channels that its beginning went to, and to no other. A notification
    that is there already (same incident, episode, kind and `step`) is not written again.
    """
    return await enqueue_all(session, [(incident, kind)], channels, now, step=step, external_url=external_url)


async def enqueue_all(
    session: AsyncSession,
    told: Sequence[tuple[Incident, Kind]],
    channels: Collection[str],
    now: dt.datetime,
    *,
    step: str = "",
    external_url: str = "",
) -> int:
    """As `enqueue`, for many incidents, each once."""
    if not channels:
        return 0
    await session.flush()
    count = 0
    for some in chunks(told):
        ids = [incident.id for incident, _ in some]
        written = await _written(session, ids)
        fresh: list[dict[str, Any]] = []
        shown = {view.id: view for view in await incident_views(session, [incident for incident, _ in some])}
        for incident, kind in some:
            before = written[incident.id]
            wanted = channels if kind not in ENDINGS else set(before.values()).intersection(channels)
            keys = {channel: _key(incident, kind, step, channel) for channel in channels if channel in wanted}
            rows = [
                _row(incident, shown[incident.id], kind, channel, key, now, external_url)
                for channel, key in keys.items()
                if key not in before
            ]
            fresh += rows
        await insert_all(session, OutboxRow, fresh)
        count += len(fresh)
    return count


async def _written(session: AsyncSession, ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Per incident the keys of its notifications, each with its channel."""
    of = OutboxRow
    written: dict[int, dict[str, str]] = {id_: {} for id_ in ids}
    rows = await session.execute(select(of.incident_id, of.idempotency_key, of.channel).where(of.incident_id.in_(ids)))
    for incident_id, key, channel in rows:
        written[incident_id][key] = channel
    return written


def _row(
    incident: Incident, view: views.Incident, kind: Kind, channel: str, key: str, now: dt.datetime, external_url: str
) -> dict[str, Any]:
    return {
        "channel": channel,
        "kind": kind,
        "incident_id": incident.id,
        "idempotency_key": key,
        "thread_key": idempotency_key(incident.number, incident.opened_at, Kind.OPENED, "0", channel),
        "payload": notification.payload(
            view, kind, receiver=channel, idempotency_key=key, now=now, external_url=external_url
        ),
        "state": DeliveryState.PENDING,
        "next_attempt_at": now,
        "expires_at": now + GIVE_UP_AFTER,
        "created_at": now,
    }


def _key(incident: Incident, kind: Kind, step: str, channel: str) -> str:
    episode = f"{incident.reopened}.{step}" if step else str(incident.reopened)
    return idempotency_key(incident.number, incident.opened_at, kind, episode, channel)


async def lease(
    session: AsyncSession, channel: str, limit: int, now: dt.datetime, lasting: dt.timedelta
) -> list[OutboxRow]:
    """Take up to `limit` due rows of a channel for sending, oldest first; each counts one more attempt.

    Of one incident only the oldest pending row is ever taken, so a recovery never overtakes its opening.
    Rows that another process is taking are skipped, rows that a dead process took come back after `lasting`.
    """
    rows = list(
        await session.scalars(
            select(OutboxRow)
            .where(_pending(channel), *_due(now))
            .order_by(OutboxRow.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=OutboxRow)
        )
    )
    for row in rows:
        row.leased_until = now + lasting
        row.attempts += 1
    await session.flush()
    return rows


async def settle(session: AsyncSession, row: OutboxRow, verdict: Sent | Retry | Dead, now: dt.datetime) -> None:
    """Write what became of an attempt, unless the row was settled or taken again in the meantime."""
    values: dict[str, object] = {"leased_until": None}
    match verdict:
        case Sent():
            values |= {"state": DeliveryState.SENT, "sent_at": now}
        case Retry(at, error):
            values |= {"next_attempt_at": at, "last_error": one_line(error, _LONGEST_ERROR)}
        case Dead(error):
            values |= {"state": DeliveryState.DEAD, "last_error": one_line(error, _LONGEST_ERROR)}
    mine = (OutboxRow.id == row.id, OutboxRow.state == DeliveryState.PENDING)
    # A late failure must not undo the attempt of whoever holds the lease now; a late success is a success.
    held = () if isinstance(verdict, Sent) else (OutboxRow.attempts == row.attempts,)
    await session.execute(update(OutboxRow).where(*mine, *held).values(**values))


async def next_due(session: AsyncSession, channel: str, now: dt.datetime) -> dt.datetime | None:
    """When the channel has something to do next; None when nothing is pending."""
    ready = case(
        (and_(OutboxRow.leased_until.is_(None), _ripe(now)), literal(now, UtcDateTime())),
        (OutboxRow.leased_until > OutboxRow.next_attempt_at, OutboxRow.leased_until),
        else_=OutboxRow.next_attempt_at,
    )
    soonest: dt.datetime | None = await session.scalar(select(func.min(ready)).where(_pending(channel)))
    return soonest


async def free_leases(session: AsyncSession, channels: Collection[str]) -> None:
    """Give back every lease of these channels: for a start where no other process can be sending."""
    await session.execute(
        update(OutboxRow)
        .where(OutboxRow.channel.in_(channels), OutboxRow.leased_until.is_not(None))
        .values(leased_until=None)
    )


async def bury_unclaimed(session: AsyncSession, channels: Collection[str], now: dt.datetime) -> int:
    """Make dead letters of expired rows whose channel nobody serves any more; returns how many."""
    buried = await session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.state == DeliveryState.PENDING,
            OutboxRow.channel.not_in(channels),
            OutboxRow.expires_at <= now,
        )
        .values(state=DeliveryState.DEAD, leased_until=None, last_error="no channel of this name is configured")
        .returning(OutboxRow.id)
    )
    return len(buried.all())


async def revive(session: AsyncSession, row_id: int, now: dt.datetime) -> bool:
    """Give a dead letter another day; False when the row is no dead letter."""
    revived = await session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.state == DeliveryState.DEAD)
        .values(
            state=DeliveryState.PENDING, attempts=0, next_attempt_at=now, expires_at=now + GIVE_UP_AFTER,
            leased_until=None,
        )
        .returning(OutboxRow.id)
    )  # fmt: skip
    return revived.one_or_none() is not None


async def counts(session: AsyncSession) -> Counts:
    """How many rows are pending and dead, and since when the oldest waits."""
    rows = await session.execute(
        select(OutboxRow.state, func.count(), func.min(OutboxRow.created_at))
        .where(OutboxRow.state.in_([DeliveryState.PENDING, DeliveryState.DEAD]))
        .group_by(OutboxRow.state)
    )
    by_state = {state: (count, oldest) for state, count, oldest in rows}
    pending, oldest = by_state.get(DeliveryState.PENDING, (0, None))
    return Counts(pending, by_state.get(DeliveryState.DEAD, (0, None))[0], oldest)


def _pending(channel: str) -> ColumnElement[bool]:
    """The oldest pending row of each incident on the channel."""
    earlier = aliased(OutboxRow)
    overtakes = exists().where(
        earlier.channel == OutboxRow.channel,
        earlier.incident_id == OutboxRow.incident_id,
        earlier.state == DeliveryState.PENDING,
        earlier.id < OutboxRow.id,
    )
    return and_(OutboxRow.state == DeliveryState.PENDING, OutboxRow.channel == channel, ~overtakes)


def _due(now: dt.datetime) -> tuple[ColumnElement[bool], ...]:
    free = or_(OutboxRow.leased_until.is_(None), OutboxRow.leased_until <= now)
    return _ripe(now), free


def _ripe(now: dt.datetime) -> ColumnElement[bool]:
    """Its time has come: nobody has tried yet, or the wait is over, or the clock was set back since."""
    of = OutboxRow
    return or_(of.attempts == 0, of.next_attempt_at <= now, of.next_attempt_at > now + LONGEST_WAIT)
