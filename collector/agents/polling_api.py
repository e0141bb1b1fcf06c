"""REST of polling targets: what people tell agents to poll; and an agent's site."""

from __future__ import annotations

import datetime as dt

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from collector.agents import polling_store, target_changes
from collector.agents.conflict import changing
from collector.agents.models import PollingTarget
from collector.agents.polling_views import PollingTargetBody, PollingTargetQuery, PollingTargetView
from collector.agents.service import AGENTS
from core.access import PRINCIPAL, Permission
from core.clock import to_datetime
from core.http import CLOCK, DATABASE, Page, Route, not_found, page_of
from core.log import get_logger

log = get_logger(__name__)


async def list_targets(request: web.Request, query: PollingTargetQuery) -> Page[PollingTargetView]:
    async with request.app[DATABASE].read() as session:
        rows = await polling_store.list_targets(session, query, limit=query.limit + 1)
    return page_of([target_changes.view(*row) for row in rows], query, lambda view: view.id)


async def show_target(request: web.Request) -> PollingTargetView:
    async with request.app[DATABASE].read() as session:
        return target_changes.view(*await _find(request, session))


async def create_target(request: web.Request, body: PollingTargetBody) -> PollingTargetView:
    """Add a target; the agent that is to poll it is chosen at once."""
    now = _now(request)
    async with changing(request) as session:
        target = await target_changes.add(session, body, now)
    return await _settled(request, target.id, "polling target added")


async def replace_target(request: web.Request, body: PollingTargetBody) -> PollingTargetView:
    """Say anew what a target is; the agent that polls it takes the change without a restart."""
    async with changing(request) as session:
        target, _ = await _find(request, session)
        await target_changes.replace(session, target, body, _now(request))
    _outdate(request, target.holder)
    return await _settled(request, target.id, "polling target changed")


async def delete_target(request: web.Request) -> None:
    """Poll a target no longer; what is known of it stays in the register."""
    async with changing(request) as session:
        target, _ = await _find(request, session)
        await session.delete(target)
    _outdate(request, target.holder)
    log.info("polling target removed", target=target.name, by=request[PRINCIPAL].name)


async def _settled(request: web.Request, target_id: int, what: str) -> PollingTargetView:
    """The target as it is once it has an agent."""
    await request.app[AGENTS].assigner.step()
    async with request.app[DATABASE].read() as session:
        found = await polling_store.find_target(session, target_id)
    if found is None:
        raise not_found("polling target", target_id)
    view = target_changes.view(*found)
    log.info(what, target=view.name, credential=view.credential or "", by=request[PRINCIPAL].name)
    return view


def _outdate(request: web.Request, holder: str | None) -> None:
    if holder is not None:
        request.app[AGENTS].assigner.outdated.add(holder)


async def _find(request: web.Request, session: AsyncSession) -> tuple[PollingTarget, str | None]:
    found = await polling_store.find_target(session, int(request.match_info["id"]))
    if found is None:
        raise not_found("polling target", request.match_info["id"])
    return found


def _now(request: web.Request) -> dt.datetime:
    return to_datetime(request.app[CLOCK].now_ms())


_ONE = r"/api/v1/polling-targets/{id:\d{1,9}}"
ROUTES = [
    Route("GET", "/api/v1/polling-targets", list_targets, Permission.AGENTS_READ, "List polling targets",
          query=PollingTargetQuery, returns=Page[PollingTargetView]),
    Route("POST", "/api/v1/polling-targets", create_target, Permission.AGENTS_WRITE, "Add a polling target",
          body=PollingTargetBody, returns=PollingTargetView, status=201),
    Route("GET", _ONE, show_target, Permission.AGENTS_READ, "One polling target", returns=PollingTargetView),
    Route("PUT", _ONE, replace_target, Permission.AGENTS_WRITE, "Change a polling target",
          body=PollingTargetBody, returns=PollingTargetView),
    Route("DELETE", _ONE, delete_target, Permission.AGENTS_WRITE, "Remove a polling target", status=204),
]  # fmt: skip
