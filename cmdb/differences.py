"""The list of differences 差异单: opened when a report contradicts the register, closed when it no longer does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.identity import Reason
from cmdb.models import Difference
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
    session: AsyncSession, found: Sequence[Found], *, instance: str, agent: str, ci: int | None, now: dt.datetime
) -> None:
    """Open or renew what was found in the newest report of an instance and close what it no longer says.

    A moved key is an event, not a state: it stays open until a person settles it.
    """
    rows = await session.scalars(
        select(Difference).where(Difference.instance == instance, Difference.resolved_at.is_(None))
    )
    opened = {row.fingerprint: row for row in rows}
    current = {one.fingerprint(instance, ci): one for one in found}
    for fingerprint_, row in opened.items():
        if fingerprint_ in current:
            row.last_seen_at = now
        elif row.reason != Reason.KEY_MOVED:
            row.resolved_at = now
    session.add_all(
        Difference(
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
        for fingerprint_, one in current.items()
        if fingerprint_ not in opened
    )
