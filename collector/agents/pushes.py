"""Noticing that an agent's samples arrive, and telling it of news, without ingest having to know about agents."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from collector.agents.service import AGENTS
from core.access import PRINCIPAL
from core.clock import to_datetime
from core.http import CLOCK

CONFIG_HEADER = "Forewatch-Config"  # `changed`: the agent's document is another one than it has
WRITE = "/prometheus/api/v1/write"
_TAKEN = frozenset({200, 204, 400})  # 400 after taking what was good


@web.middleware
async def note_pushes(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Notes the time of every push that an agent's credential brought in; its answer says when to ask for news."""
    response = await handler(request)
    principal = request[PRINCIPAL]
    if principal.kind == "agent" and response.status in _TAKEN and request.path == WRITE:
        agents = request.app[AGENTS]
        agents.roster.pushed(principal.name, to_datetime(request.app[CLOCK].now_ms()))
        if response.status == 204 and principal.name in agents.assigner.outdated:
            return web.Response(status=204, headers={**response.headers, CONFIG_HEADER: "changed"})
    return response
