"""`GET /api/v1/agents/config`: what the agent that asks is to poll."""

from __future__ import annotations

import datetime as dt

import msgspec
from aiohttp import web

from collector.agents import polling_store, store
from collector.agents.config_document import document_of
from collector.agents.polling_views import AssignedConfig, ConfigQuery
from collector.agents.service import AGENTS
from core.access import PRINCIPAL, Permission
from core.clock import to_datetime
from core.http import CLOCK, DATABASE, Route
from core.log import get_logger

log = get_logger(__name__)

_WORTH_COMPRESSING = 1024


async def assigned_config(request: web.Request, query: ConfigQuery) -> web.Response:
    """What the collector assigns to this agent; 304 while the `ETag` in `If-None-Match` is current."""
    agents, name = request.app[AGENTS], request[PRINCIPAL].name
    now = to_datetime(request.app[CLOCK].now_ms())
    agents.roster.asked(name, now)
    agents.assigner.outdated.discard(name)
    if query.site is not None and agents.believe_sites:
        await _note_site(request, name, query.site, now)
    document = await _document(request, name)
    headers = {"ETag": f'"{document.version}"', "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if any(etag.value in (document.version, "*") for etag in request.if_none_match or ()):
        agents.polling.documents.labels("unchanged").inc()
        return web.Response(status=304, headers=headers)
    agents.polling.documents.labels("sent").inc()
    response = web.Response(body=msgspec.json.encode(document), content_type="application/json", headers=headers)
    if response.content_length is not None and response.content_length > _WORTH_COMPRESSING:
        response.enable_compression()  # as the request accepts
    return response


async def _note_site(request: web.Request, name: str, site: str, now: dt.datetime) -> None:
    """Take an agent's first word about its site; later ones need an administrator, because secrets go with it."""
    async with request.app[DATABASE].read() as session:
        agent = await store.find_agent(session, name)
    if agent is not None and agent.site is not None:
        return
    async with request.app[DATABASE].write() as session:
        agent = await store.save_agent(session, name, now)
        if agent.site is None:
            agent.site = site
            log.info("agent named its site", agent=name, site=site)
    await request.app[AGENTS].assigner.step()


async def _document(request: web.Request, name: str) -> AssignedConfig:
    async with request.app[DATABASE].read() as session:
        targets = await polling_store.held_by(session, name)
        credentials = await polling_store.credentials_by_id(
            session, polling_store.ids_of(target.credential_id for target in targets)
        )
        addresses = await polling_store.addresses(session, polling_store.ids_of(target.ci_id for target in targets))
        moved = await polling_store.moved_from(session, name)
    return document_of(targets, credentials, addresses, moved, request.app[AGENTS].keyring.unseal)


ROUTES = [
    Route("GET", "/api/v1/agents/config", assigned_config, Permission.AGENT_REPORT,
          "What this agent is to poll", query=ConfigQuery, returns=AssignedConfig),
]  # fmt: skip
