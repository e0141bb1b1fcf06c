"""The list of differences 差异单: opened when a report contradicts the register, closed when it no longer does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.identity import Reason
from cmdb.items import MAX_ID, after, ref
from cmdb.models import ConfigurationItem, Difference
from cmdb.views import CiRef, DifferenceQuery, DifferenceView
from core.http import not_found
from core.labels import fingerprint


@dataclass(frozen=True, slots=True)
class Found:
    """One disagreement between a report and the register; see `cmdb.models.Difference`."""

    reason: Reason
    subject: str
    recorded: str
    reported: str
    other_ci: int | None = None

    def fingerprint(self, instance: str, ci: int | None) -> str:
        said = (self.reason, self.subject, self.recorded, self.reported, str(self.other_ci), str(ci))
        return fingerprint((("instance", instance), *((str(place), text) for place, text in enumerate(said))))


async def settle(
    session: AsyncSession,
    found: Sequence[Found],
    *,
    instance: str,
    agent: str,
    ci: int | None,
    answered: bool,
    now: dt.datetime,
) -> None:
    """Open or renew what was found in the newest report of an instance and close what it no longer says.

    A target that has not `answered` says nothing of its attributes and keys. A moved key is an event, not a
    state: it stays open until a person settles it.
    """
    said = set(Reason) - {Reason.KEY_MOVED} if answered else {Reason.AMBIGUOUS_NAME, Reason.INSTANCE_TAKEN}
    rows = await session.scalars(
        select(Difference).where(Difference.instance == instance, Difference.resolved_at.is_(None))
    )
    opened = {row.fingerprint: row for row in rows}
    current = {one.fingerprint(instance, ci): one for one in found}
    for fingerprint_, row in opened.items():
        if fingerprint_ in current:
            row.last_seen_at = now
        elif row.reason in said:
            row.resolved_at = now
    session.add_all(
        _opened(one, fingerprint_, instance, agent, ci, now)
        for fingerprint_, one in current.items()
        if fingerprint_ not in opened
    )


def _opened(one: Found, fingerprint_: str, instance: str, agent: str, ci: int | None, now: dt.datetime) -> Difference:
    return Difference(
        fingerprint=fingerprint_,
        reason=str(one.reason),
        instance=instance,
        agent=agent,
        ci_id=ci,
        other_ci_id=one.other_ci,
        subject=one.subject,
        recorded=one.recorded,
        reported=one.reported,
        first_seen_at=now,
        last_seen_at=now,
        resolved_at=None,
    )


async def list_open(session: AsyncSession, query: DifferenceQuery) -> list[DifferenceView]:
    """The page's open differences by id, and one more if there are more."""
    found = select(Difference).where(Difference.resolved_at.is_(None), Difference.id > after(query.after()))
    if query.reason is not None:
        found = found.where(Difference.reason == str(query.reason))
    rows = list(await session.scalars(found.order_by(Difference.id).limit(query.limit + 1)))
    named = {ci_id for row in rows for ci_id in (row.ci_id, row.other_ci_id) if ci_id is not None}
    items = await session.scalars(select(ConfigurationItem).where(ConfigurationItem.id.in_(named)))
    refs = {ci.id: ref(ci) for ci in items}
    return [_view(row, refs) for row in rows]


async def resolve(session: AsyncSession, difference_id: int, now: dt.datetime) -> None:
    """A person settled it; the next report opens it again if it still disagrees.

    Raises:
        Problem: 404, there is no open one of this id.
    """
    settled = await session.execute(
        update(Difference)
        .where(Difference.id == min(difference_id, MAX_ID), Difference.resolved_at.is_(None))
        .values(resolved_at=now)
    )
    if cast("CursorResult[Any]", settled).rowcount == 0:
        raise not_found("open difference", difference_id)


async def close_all(session: AsyncSession, ci_id: int, now: dt.datetime) -> None:
    """Close what is open about an item that leaves the register."""
    about = or_(Difference.ci_id == ci_id, Difference.other_ci_id == ci_id)
    await session.execute(update(Difference).where(about, Difference.resolved_at.is_(None)).values(resolved_at=now))


def _view(row: Difference, refs: Mapping[int, CiRef]) -> DifferenceView:
    return DifferenceView(
        id=row.id,
        reason=Reason(row.reason),
        instance=row.instance,
        agent=row.agent,
        ci=None if row.ci_id is None else refs[row.ci_id],
        other_ci=None if row.other_ci_id is None else refs[row.other_ci_id],
        subject=row.subject,
        recorded=row.recorded,
        reported=row.reported,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
    )
