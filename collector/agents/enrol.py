"""Enrolment: a one-time token becomes an agent with a credential of its own.

Spending the token, replacing what was there and making the credential are one transaction: an attempt
that is refused leaves the token good, and of two attempts with one token exactly one succeeds.

A name that is in use is not given away: who holds an enrolment token could otherwise take the place of any
agent. Only an agent that has never reported may be enrolled again, because its first answer may have been
lost on the way.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from collector.access import store as access
from collector.access.roles import Role
from collector.access.tokens import new_token
from collector.agents import store
from collector.agents.models import Agent
from core.access import Principal
from core.http import Problem


async def enrol(
    session: AsyncSession, by: Principal, *, name: str, hostname: str, now: dt.datetime
) -> tuple[str, list[int]]:
    """The new agent's secret, and the ids of the tokens that count no longer.

    Raises:
        Problem: 401, the token was spent meanwhile; 409, the name is in use.
    """
    assert by.id is not None, "an enrolment token has a row"
    if not await access.use_once(session, by.id, now):
        raise Problem(401, "Unauthorized", "this one-time token was used already")
    known = await store.find_agent(session, name) is not None
    # From here on the name's row is locked: of several tokens for one name at once, one after the other counts.
    agent = await store.save_agent(session, name, now, hostname=hostname or None, enrolled_at=now)
    await _refuse_taken(session, agent, known=known)
    replaced = await access.revoke_agent_tokens(session, name, now)
    secret = new_token()
    token = await access.add_token(
        session, name=name, role=Role.AGENT, secret=secret, created_by=f"enrolment by {by.name}", now=now
    )
    agent.token_id = token.id
    return secret, [by.id, *replaced]


async def _refuse_taken(session: AsyncSession, agent: Agent, *, known: bool) -> None:
    if agent.last_report_at is not None:
        raise Problem(
            409, "Name taken", f"there is an agent {agent.name}; retire it first (DELETE /api/v1/agents/{agent.id})"
        )
    if not known and await store.has_live_token(session, agent.name):
        raise Problem(409, "Name taken", f"there is an agent token {agent.name}; revoke it first")
