"""Queries over agents, their targets and events; each takes a session of its caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from collector.access.models import Token
from collector.access.roles import Role
from collector.agents.heard import Heard
from collector.agents.models import Agent, AgentEvent, AgentTarget

TargetKey = tuple[str, str]  # job, instance


async def find_agent(session: AsyncSession, name: str) -> Agent | None:
    return (await session.scalars(select(Agent).where(Agent.name == name))).one_or_none()


async def all_agents(session: AsyncSession) -> list[Agent]:
    return list(await session.scalars(select(Agent)))


async def list_agents(session: AsyncSession, *, after: int, limit: int) -> list[tuple[Agent, int]]:
    """Agents with how many targets each has, by id."""
    count = select(func.count()).where(AgentTarget.agent_id == Agent.id).correlate(Agent).scalar_subquery()
    query = select(Agent, count).where(Agent.id > after).order_by(Agent.id).limit(limit)
    return [(agent, targets) for agent, targets in await session.execute(query)]


async def targets_of(session: AsyncSession, agent_id: int) -> list[AgentTarget]:
    query = select(AgentTarget).where(AgentTarget.agent_id == agent_id)
    return list(await session.scalars(query.order_by(AgentTarget.job, AgentTarget.instance)))


async def has_live_token(session: AsyncSession, name: str) -> bool:
    """Whether somebody holds an agent token of this name."""
    query = select(Token.id).where(Token.name == name, Token.role == Role.AGENT, Token.revoked_at.is_(None))
    return (await session.scalars(query.limit(1))).one_or_none() is not None


async def save_agent(session: AsyncSession, name: str, now: dt.datetime, **values: Any) -> Agent:
    """The agent of this name with `values` set; one that is new to us is enrolled `now`.

    Its row stays locked until the transaction ends, so that two reports of one agent come one after the other.
    """
    insert = await _insert(session, Agent)
    await session.execute(insert.values(name=name, enrolled_at=now).on_conflict_do_nothing(index_elements=["name"]))
    locked = select(Agent).where(Agent.name == name).with_for_update().execution_options(populate_existing=True)
    agent = (await session.scalars(locked)).one()
    for column, value in values.items():
        setattr(agent, column, value)
    await session.flush()
    return agent


async def write_heard(session: AsyncSession, heard: Mapping[str, Heard]) -> None:
    """Bring the times of last reports up to date, by name."""
    if not heard:
        return
    table = Agent.__table__
    statement = (
        update(table)  # type: ignore[arg-type]  # a table is what update takes; the attribute is typed wider
        .where(table.c.name == bindparam("agent"))
        .values(last_report_at=bindparam("at"), clock_skew_seconds=bindparam("skew"), address=bindparam("from"))
    )
    rows = [
        {"agent": name, "at": one.at, "skew": one.clock_skew_seconds, "from": one.address}
        for name, one in sorted(heard.items())
    ]
    await (await session.connection()).execute(statement, rows)


async def keep_targets(session: AsyncSession, agent_id: int, keys: Collection[TargetKey], now: dt.datetime) -> None:
    """Make the agent's targets exactly `keys`: drop the others, add the new, touch the known."""
    known = {(target.job, target.instance): target for target in await targets_of(session, agent_id)}
    for key, target in known.items():
        if key in keys:
            target.seen_at = now
        else:
            await session.delete(target)
    session.add_all(
        AgentTarget(agent_id=agent_id, job=job, instance=instance, seen_at=now)
        for job, instance in keys
        if (job, instance) not in known
    )


async def set_items(session: AsyncSession, agent_id: int, items: Mapping[TargetKey, int | None]) -> None:
    """Note which configuration item each target turned out to be."""
    rows = await session.scalars(
        select(AgentTarget).where(
            AgentTarget.agent_id == agent_id, tuple_(AgentTarget.job, AgentTarget.instance).in_(list(items))
        )
    )
    for target in rows:
        target.ci_id = items[target.job, target.instance]


async def unseen_events(session: AsyncSession, name: str, digests: Collection[str]) -> set[str]:
    """The digests of events that are not there yet, of the agent of this name."""
    query = select(AgentEvent.digest).join(Agent, Agent.id == AgentEvent.agent_id).where(Agent.name == name)
    return set(digests) - set(await session.scalars(query.where(AgentEvent.digest.in_(list(digests)))))


async def list_events(
    session: AsyncSession, *, before: int | None, limit: int, kind: str | None, target: str | None
) -> list[tuple[AgentEvent, str]]:
    """Events with their agents' names, the newest first, from below the id `before`."""
    query = select(AgentEvent, Agent.name).join(Agent, Agent.id == AgentEvent.agent_id)
    if before is not None:
        query = query.where(AgentEvent.id < before)
    if kind is not None:
        query = query.where(AgentEvent.kind == kind)
    if target is not None:
        query = query.where(AgentEvent.target == target)
    rows = await session.execute(query.order_by(AgentEvent.id.desc()).limit(limit))
    return [(event, name) for event, name in rows]


async def add_events(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> int:
    """Add events that are not there yet, told by their digest; returns how many were new."""
    if not rows:
        return 0
    insert = await _insert(session, AgentEvent)
    statement = insert.on_conflict_do_nothing(index_elements=["agent_id", "digest"]).returning(AgentEvent.id)
    return len((await session.scalars(statement, rows)).all())


async def delete_events_before(session: AsyncSession, instant: dt.datetime) -> int:
    """Remove events received before `instant`; returns how many."""
    gone = delete(AgentEvent).where(AgentEvent.received_at < instant).returning(AgentEvent.id)
    return len((await session.scalars(gone)).all())


async def _insert(session: AsyncSession, model: type[Agent | AgentEvent]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can do nothing on a conflict, which is each database's own extension."""
    is_postgres = (await session.connection()).dialect.name == "postgresql"
    return postgresql.insert(model) if is_postgres else sqlite.insert(model)
