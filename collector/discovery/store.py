"""Queries over discovered things and proposals; each takes a session of its caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from collector.discovery.comparison import Changes, Kind, State, digest
from collector.discovery.marks import Kept, Known
from collector.discovery.models import DiscoveredDevice, Proposal
from collector.discovery.views import ProposalFilter

MAX_ID = 2**31 - 1


async def load_known(session: AsyncSession, agent_id: int) -> Known:
    """The things of an agent, without their reports."""
    rows = await session.execute(
        select(
            DiscoveredDevice.id, DiscoveredDevice.name, DiscoveredDevice.marks, DiscoveredDevice.ci_id,
            DiscoveredDevice.sweep,
        ).where(DiscoveredDevice.agent_id == agent_id).order_by(DiscoveredDevice.id)
    )  # fmt: skip
    return Known(Kept(id_, name, frozenset(marks), ci_id, sweep) for id_, name, marks, ci_id, sweep in rows)


async def propose(
    session: AsyncSession, row: DiscoveredDevice, agent: str, kind: Kind, changes: Changes, now: dt.datetime
) -> bool:
    """Raise a proposal, or bring the open one up to date; True when it is new.

    What was said last, and was decided, is not said again.
    """
    said = digest(kind, row.name, changes)
    query = select(Proposal).where(Proposal.device_id == row.id, Proposal.kind == str(kind))
    last = await session.scalar(query.order_by(Proposal.id.desc()).limit(1))
    if last is not None and last.digest == said and last.state != State.WITHDRAWN:
        if last.state == State.OPEN:
            last.updated_at = now
        return False
    facts = row.device["facts"]
    values = {"digest": said, "name": row.name, "class_": facts.get("device_class"), "changes": changes,
              "ci_id": row.ci_id, "updated_at": now, "found_by": row.device["found_by"]}  # fmt: skip
    if last is not None and last.state == State.OPEN:
        for column, value in values.items():
            setattr(last, column, value)
        return False
    session.add(
        Proposal(device_id=row.id, agent=agent, kind=str(kind), state=str(State.OPEN), raised_at=now,
                 decided_at=None, decided_by=None, reason="", **values)
    )  # fmt: skip
    return True


async def withdraw(
    session: AsyncSession, device_id: int, kinds: Collection[Kind], reason: str, now: dt.datetime
) -> None:
    """Take back open proposals of what is no longer so."""
    await session.execute(
        update(Proposal)
        .where(Proposal.device_id == device_id, Proposal.kind.in_([str(kind) for kind in kinds]),
               Proposal.state == str(State.OPEN))
        .values(state=str(State.WITHDRAWN), decided_at=now, reason=reason, updated_at=now)
    )  # fmt: skip


async def list_proposals(
    session: AsyncSession, query: ProposalFilter, *, after: int, limit: int
) -> list[tuple[Proposal, DiscoveredDevice]]:
    """Proposals with the things they are about, by id."""
    statement = select(Proposal, DiscoveredDevice).join(DiscoveredDevice, DiscoveredDevice.id == Proposal.device_id)
    statement = statement.where(Proposal.id > min(after, MAX_ID))
    if query.state != "all":
        statement = statement.where(Proposal.state == query.state)
    for column, value in (
        (Proposal.kind, query.kind),
        (Proposal.agent, query.agent),
        (Proposal.class_, query.class_),
        (Proposal.found_by, query.found_by),
    ):
        if value is not None:
            statement = statement.where(column == value)
    rows = await session.execute(statement.order_by(Proposal.id).limit(limit))
    return [(proposal, device) for proposal, device in rows]


async def find_proposal(
    session: AsyncSession, proposal_id: int, *, locked: bool = False
) -> tuple[Proposal, DiscoveredDevice] | None:
    """A proposal with the thing it is about; `locked` until the transaction ends."""
    statement = select(Proposal).where(Proposal.id == min(proposal_id, MAX_ID))
    if locked:
        statement = statement.with_for_update()
    proposal = await session.scalar(statement)
    return None if proposal is None else (proposal, await session.get_one(DiscoveredDevice, proposal.device_id))
