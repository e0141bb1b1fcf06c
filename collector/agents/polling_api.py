"""REST of polling targets: what people tell agents to poll; and an agent's site."""

from __future__ import annotations

import datetime as dt

from aiohttp import web
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb import items
from collector.agents import polling_store, store
from collector.agents.conflict import changing
from collector.agents.models import Credential, PollingTarget
from collector.agents.polling_views import PollingTargetBody, PollingTargetQuery, PollingTargetView
from collector.agents.service import AGENTS
from core.access import PRINCIPAL, Permission
from core.clock import to_datetime
from core.http import CLOCK, DATABASE, FieldError, Page, Problem, Route, not_found, page_of
from core.log import get_logger

log = get_logger(__name__)


async def list_targets(request: web.Request, query: PollingTargetQuery) -> Page[PollingTargetView]:
    async with request.app[DATABASE].read() as session:
        rows = await polling_store.list_targets(session, query, limit=query.limit + 1)
    return page_of([_view(target, credential) for target, credential in rows], query, lambda view: view.id)


async def show_target(request: web.Request) -> PollingTargetView:
    async with request.app[DATABASE].read() as session:
        return _view(*await _find(request, session))


async def create_target(request: web.Request, body: PollingTargetBody) -> PollingTargetView:
    """Add a target; the agent that is to poll it is chosen at once."""
    now = _now(request)
    async with changing(request) as session:
        credential = await _checked(session, body, but=None)
        target = PollingTarget(name=body.name, version=1, created_at=now)
        _fill(target, body, credential, now)
        session.add(target)
        await session.flush()
    return await _settled(request, target.id, "polling target added")


async def replace_target(request: web.Request, body: PollingTargetBody) -> PollingTargetView:
    """Say anew what a target is; the agent that polls it takes the change without a restart."""
    async with changing(request) as session:
        target, _ = await _find(request, session)
        if body.version is not UNSET and body.version != target.version:
            raise Problem(409, "Changed meanwhile", f"the polling target is at version {target.version} now")
        credential = await _checked(session, body, but=target.id)
        target.name = body.name
        target.version += 1
        _fill(target, body, credential, _now(request))
    _outdate(request, target.holder)
    return await _settled(request, target.id, "polling target changed")


async def delete_target(request: web.Request) -> None:
    """Poll a target no longer; what is known of it stays in the register."""
    async with changing(request) as session:
        target, _ = await _find(request, session)
        await session.delete(target)
    _outdate(request, target.holder)
    log.info("polling target removed", target=target.name, by=request[PRINCIPAL].name)


async def _checked(session: AsyncSession, body: PollingTargetBody, *, but: int | None) -> Credential | None:
    """The credential that the body names.

    Raises:
        Problem: 409, the name is taken; 422, something that it names does not exist or does not fit.
    """
    if await polling_store.has_target(session, body.name, but=but):
        raise Problem(409, "Name taken", f"there is a polling target {body.name}; an instance must be one thing")
    if body.ci is not None:
        try:
            await items.find(session, body.ci)
        except Problem as problem:
            raise _invalid("ci", problem.detail) from problem
    if body.agent is not None and await store.find_agent(session, body.agent) is None:
        raise _invalid("agent", f"there is no agent {body.agent}; enrol it first")
    if body.credential is None:
        return None
    credential = await polling_store.find_credential(session, body.credential)
    if credential is None:
        raise _invalid("credential", f"there is no credential {body.credential}; make it under /api/v1/credentials")
    if credential.kind != ("snmp" if body.kind == "snmp" else "login"):
        raise _invalid("credential", f"{body.credential} is of kind {credential.kind}; that opens no {body.kind}")
    return credential


def _fill(target: PollingTarget, body: PollingTargetBody, credential: Credential | None, now: dt.datetime) -> None:
    target.kind, target.settings = body.kind, body.settings
    target.credential_id = None if credential is None else credential.id
    target.ci_id, target.site, target.agent = body.ci, body.site, body.agent
    target.may_move, target.updated_at = body.may_move, now


async def _settled(request: web.Request, target_id: int, what: str) -> PollingTargetView:
    """The target as it is once it has an agent."""
    await request.app[AGENTS].assigner.step()
    async with request.app[DATABASE].read() as session:
        found = await polling_store.find_target(session, target_id)
    if found is None:
        raise not_found("polling target", target_id)
    view = _view(*found)
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


def _view(target: PollingTarget, credential: str | None) -> PollingTargetView:
    return PollingTargetView(
        id=target.id, name=target.name, kind=target.kind, settings=target.settings, credential=credential,
        ci=target.ci_id, site=target.site, agent=target.agent, may_move=target.may_move, holder=target.holder,
        held_since=target.held_since, version=target.version, created_at=target.created_at,
        updated_at=target.updated_at,
    )  # fmt: skip


def _invalid(field: str, message: str) -> Problem:
    return Problem(422, "Invalid body", f"{field}: {message}", errors=[FieldError(field, message)])


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
