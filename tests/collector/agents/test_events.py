from __future__ import annotations

import asyncio
import datetime as dt

from sqlalchemy import select

from collector.access.roles import Role
from collector.agents import store
from collector.agents.events import EVERY_SECONDS, keep_events
from collector.agents.models import AgentEvent
from tests.collector.agents.reports import event, heartbeat
from tests.collector.conftest import Site

DAY = 86_400


async def messages(site: Site) -> list[str]:
    async with site.database.read() as session:
        return sorted(one.message for one in await session.scalars(select(AgentEvent)))


async def test_events_go_when_their_time_is_over_and_not_before(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    await site.call("POST", "/api/v1/agents/report", token, heartbeat(site, "web-1", events=[event(site, "old")]))
    site.clock.set_wall(site.clock.now_ms() + 2 * DAY * 1000)
    await site.call("POST", "/api/v1/agents/report", token, heartbeat(site, "web-1", events=[event(site, "new")]))
    async with site.database.write() as session:
        assert await store.delete_events_before(session, site.now - dt.timedelta(days=3)) == 0
    keeping = asyncio.create_task(keep_events(site.database, site.clock, DAY))
    await site.clock.advance(EVERY_SECONDS)
    for _ in range(200):
        if await messages(site) == ["new"]:
            break
        await asyncio.sleep(0.01)  # the deletion runs in the database's thread
    keeping.cancel()
    assert await messages(site) == ["new"]
