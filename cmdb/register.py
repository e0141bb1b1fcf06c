"""What every change of the register goes through: the writer lock, the revision, codes, the record of changes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.models import ItemChange, Revision

# One statement each on SQLite and PostgreSQL; it takes the row's lock, so it also serialises writers.
_TOUCH = text(
    "INSERT INTO cmdb_revision (id, revision) VALUES (1, 0) "
    "ON CONFLICT (id) DO UPDATE SET revision = cmdb_revision.revision + :step"
)
_NEXT = text(
    "INSERT INTO ci_codes (prefix, last) VALUES (:prefix, 1) "
    "ON CONFLICT (prefix) DO UPDATE SET last = ci_codes.last + 1 RETURNING last"
)


async def lock(session: AsyncSession) -> None:
    """Be the only writer of the register until the transaction ends: identity is decided on what stays true."""
    await session.execute(_TOUCH, {"step": 0})


async def bump(session: AsyncSession) -> None:
    """Tell caches that items, instances or relations changed; call `lock` first."""
    await session.execute(_TOUCH, {"step": 1})


async def cmdb_revision(session: AsyncSession) -> int:
    """A number that changes with every change of items, instances or relations; 0 for an untouched register."""
    return await session.scalar(select(Revision.revision)) or 0


async def next_code(session: AsyncSession, prefix: str) -> str:
    """A code that was never given before, like `SRV-000012`."""
    last = (await session.execute(_NEXT, {"prefix": prefix})).scalar_one()
    return f"{prefix}-{last:06d}"


def note(
    session: AsyncSession, ci_id: int, at: dt.datetime, actor: str, field: str, *, before: Any = None, after: Any = None
) -> None:
    """Record one change of an item; None stands for nothing."""
    session.add(
        ItemChange(
            ci_id=ci_id,
            at=at,
            actor=actor,
            field=field,
            before=None if before is None else {"value": before},
            after=None if after is None else {"value": after},
        )
    )
