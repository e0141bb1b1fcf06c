"""REST of events: what agents saw happen, with the item it happened to."""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from collector.access.views import Instant
from collector.agents import store
from collector.agents.api import MAX_ID
from collector.evaluation import EVALUATION
from core.access import Permission
from core.http import DATABASE, Page, PageQuery, Route, page_of


class EventQuery(PageQuery, kw_only=True):
    """Which events: of a kind (`trap`), of a target; the newest first."""

    kind: Annotated[str, Meta(max_length=128)] | None = None
    target: Annotated[str, Meta(max_length=512)] | None = None


class EventItem(msgspec.Struct, kw_only=True):
    """The configuration item that an event is about."""

    id: int
    code: str
    name: str


class EventView(msgspec.Struct, kw_only=True):
    """Something that happened at a target.

    Attributes:
        at: when, by the agent's clock put right; `received_at` is when the collector heard of it.
        ci: the item that the target is; null when none or more than one answers to it.
        attributes: what a trap carried, by the names of its objects, and its name, OID, severity and source.
    """

    id: int
    at: Instant
    received_at: Instant
    agent: str
    kind: str
    target: str
    ci: EventItem | None
    message: str
    attributes: dict[str, str]


async def list_events(request: web.Request, query: EventQuery) -> Page[EventView]:
    async with request.app[DATABASE].read() as session:
        rows = await store.list_events(
            session, before=min(query.after(), MAX_ID) or None, limit=query.limit + 1, kind=query.kind,
            target=query.target,
        )  # fmt: skip
    register = request.app[EVALUATION].register
    views = []
    for event, agent in rows:
        ci = register.ci_of_instance(event.target)
        item = EventItem(id=ci.id, code=ci.code, name=ci.name) if ci else None
        views.append(
            EventView(
                id=event.id,
                at=event.at,
                received_at=event.received_at,
                agent=agent,
                kind=event.kind,
                target=event.target,
                ci=item,
                message=event.message,
                attributes=event.attributes,
            )
        )
    return page_of(views, query, lambda view: view.id)


ROUTES = [
    Route("GET", "/api/v1/events", list_events, Permission.AGENTS_READ, "List events, the newest first",
          query=EventQuery, returns=Page[EventView]),
]  # fmt: skip
