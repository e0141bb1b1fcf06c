"""REST of the service desk: incidents and what people do with them, the ledger, the outbox."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.item import Impact
from cmdb.models import ConfigurationItem
from cmdb.store import load_graph
from core.access import PRINCIPAL, Permission
from core.clock import to_datetime
from core.http import CLOCK, DATABASE, FieldError, Page, Problem, Route, not_found, page_of
from desk import incident as life
from desk import models, outbox_store, queries, records, store, views
from desk.outbox import Kind
from desk.timeline import Entry

_LARGEST_ID = 2**53


class Notifier(Protocol):
    """What the API needs of the outbox's sender (`desk.sender.OutboxSender`)."""

    external_url: str

    @property
    def channels(self) -> tuple[str, ...]: ...

    def wake(self) -> None: ...


NOTIFIER: web.AppKey[Notifier] = web.AppKey("notifier", Notifier)


async def list_incidents(request: web.Request, query: views.IncidentQuery) -> Page[views.Incident]:
    async with request.app[DATABASE].read() as session:
        return page_of(await queries.list_incidents(session, query), query, lambda one: one.id)


async def show_incident(request: web.Request) -> views.IncidentDetail:
    async with request.app[DATABASE].read() as session:
        return await queries.incident_detail(session, await _incident(session, request))


async def report_incident(request: web.Request, body: views.NewIncident) -> views.Incident:
    now, notifier = _now(request), request.app[NOTIFIER]
    async with request.app[DATABASE].write() as session:
        new = await _reported(session, body)
        incident = (await store.open_incident(session, new, now, actor=request[PRINCIPAL].name)).incident
        await outbox_store.enqueue(
            session, incident, Kind.OPENED, notifier.channels, now, external_url=notifier.external_url
        )
        [view] = await queries.incident_views(session, [incident])
    notifier.wake()
    return view


async def acknowledge(request: web.Request) -> views.Incident:
    return await _act(request, life.Acknowledge(request[PRINCIPAL].name), Entry.ACKNOWLEDGED)


async def assign(request: web.Request, body: views.Assignment) -> views.Incident:
    return await _act(request, life.Assign(body.assignee), Entry.ASSIGNED, body.assignee)


async def start(request: web.Request) -> views.Incident:
    return await _act(request, life.Start(request[PRINCIPAL].name), Entry.STARTED)


async def pend(request: web.Request, body: views.Pause) -> views.Incident:
    return await _act(request, life.Pend(body.reason), Entry.PENDED, body.reason)


async def resolve(request: web.Request, body: views.Resolution) -> views.Incident:
    event = life.Resolve(request[PRINCIPAL].name, body.code, body.solution)
    return await _act(request, event, Entry.RESOLVED, f"{body.code}: {body.solution}")


async def close(request: web.Request) -> views.Incident:
    # Whoever calls this, with a session or a token, acts for a person; the product itself does not call it.
    return await _act(request, life.Close(by_person=True), Entry.CLOSED)


async def comment(request: web.Request, body: views.Remark) -> views.Incident:
    return await _act(request, life.Comment(), Entry.COMMENT, body.text)


async def list_suppressions(request: web.Request, query: views.SuppressionQuery) -> Page[views.Suppressed]:
    async with request.app[DATABASE].read() as session:
        return page_of(await queries.list_suppressions(session, query), query, lambda one: one.id)


async def list_notifications(request: web.Request, query: views.NotificationQuery) -> Page[views.Notification]:
    async with request.app[DATABASE].read() as session:
        return page_of(await queries.list_notifications(session, query), query, lambda one: one.id)


async def retry_notification(request: web.Request) -> views.Notification:
    row_id = int(request.match_info["id"])
    if row_id > _LARGEST_ID:
        raise not_found("notification", row_id)
    async with request.app[DATABASE].write() as session:
        revived = await outbox_store.revive(session, row_id, _now(request))
        row = await session.get(models.OutboxRow, row_id)
        if row is None:
            raise not_found("notification", row_id)
        if not revived:
            raise Problem(
                409, "Not a dead letter", f"not_dead: the notification is {row.state}; only dead ones are retried"
            )
        incident = await session.get_one(models.Incident, row.incident_id)
        view = queries.notification_view(row, incident.number)
    request.app[NOTIFIER].wake()
    return view


async def _act(request: web.Request, event: life.Event, entry: Entry, detail: str = "") -> views.Incident:
    """Let something happen to the incident in the path; 409 with the reason when it may not."""
    now, notifier = _now(request), request.app[NOTIFIER]
    async with request.app[DATABASE].write() as session:
        incident = await _incident(session, request)
        actor = request[PRINCIPAL].name
        refusal = await store.apply(session, incident, event, entry, now, actor=actor, detail=detail)
        if refusal is not None:
            raise Problem(
                409,
                "Not possible now",
                f"{refusal}: {life.REMEDIES[refusal]}",
                type_=f"urn:forewatch:refusal:{refusal}",
            )
        if entry is Entry.RESOLVED and incident.fingerprint is None:
            # No alert will ever clear for it: its resolution is the recovery that whoever was told waits for.
            await outbox_store.enqueue(
                session, incident, Kind.RESOLVED, notifier.channels, now, external_url=notifier.external_url
            )
        [view] = await queries.incident_views(session, [incident])
    notifier.wake()
    return view


async def _incident(session: AsyncSession, request: web.Request) -> models.Incident:
    key = request.match_info["id"]
    incident = await queries.find_incident(session, key)
    if incident is None:
        raise not_found("incident", key)
    return incident


async def _reported(session: AsyncSession, body: views.NewIncident) -> records.NewIncident:
    """The incident that a person reports; what it hits follows from the register where they do not say."""
    ci_id = await _ci_id(session, body.ci)
    hit = [] if ci_id is None else (graph := await load_graph(session)).services_of(ci_id)
    known = graph.impact_of(hit) if hit else None
    return records.NewIncident(
        title=body.title,
        impact=body.impact or known or (Impact.SERVICE if body.services else Impact.PERSON),
        urgency=body.urgency,
        origin=life.Origin(body.origin),
        annotations={"description": body.description} if body.description else {},
        ci_id=ci_id,
        services=body.services or [service.name for service in hit],
    )


async def _ci_id(session: AsyncSession, key: int | str | None) -> int | None:
    """The id of the item named by id or code; 422 when there is none."""
    if key is None:
        return None
    of = ConfigurationItem
    matches = of.id == key if isinstance(key, int) else of.code == key
    found = await session.scalar(select(of.id).where(matches, of.removed_at.is_(None)))
    if found is None:
        wrong = FieldError("ci", "give the id or the code of an item that is in the register")
        raise Problem(422, "Invalid body", f"there is no configuration item {key}", errors=[wrong])
    return found


def _now(request: web.Request) -> dt.datetime:
    return to_datetime(request.app[CLOCK].now_ms())


_READ, _WRITE = Permission.INCIDENTS_READ, Permission.INCIDENTS_WRITE
_ONE = "/api/v1/incidents/{id}"

ROUTES = [
    Route("GET", "/api/v1/incidents", list_incidents, _READ, "List incidents, newest first",
          query=views.IncidentQuery, returns=Page[views.Incident]),
    Route("POST", "/api/v1/incidents", report_incident, _WRITE, "Report an incident",
          body=views.NewIncident, returns=views.Incident, status=201),
    Route("GET", _ONE, show_incident, _READ, "Show an incident by id or number, with timeline and alerts",
          returns=views.IncidentDetail),
    Route("POST", f"{_ONE}/acknowledge", acknowledge, _WRITE, "Acknowledge an incident", returns=views.Incident),
    Route("POST", f"{_ONE}/assign", assign, _WRITE, "Assign an incident to somebody",
          body=views.Assignment, returns=views.Incident),
    Route("POST", f"{_ONE}/start", start, _WRITE, "Begin or go on with the work", returns=views.Incident),
    Route("POST", f"{_ONE}/pend", pend, _WRITE, "Let the work wait for a reason",
          body=views.Pause, returns=views.Incident),
    Route("POST", f"{_ONE}/resolve", resolve, _WRITE, "Resolve an incident with what was done",
          body=views.Resolution, returns=views.Incident),
    Route("POST", f"{_ONE}/close", close, _WRITE, "Close an incident that is over", returns=views.Incident),
    Route("POST", f"{_ONE}/comments", comment, _WRITE, "Comment on an incident",
          body=views.Remark, returns=views.Incident, status=201),
    Route("GET", "/api/v1/suppressions", list_suppressions, _READ, "List what was not sent and why, newest first",
          query=views.SuppressionQuery, returns=Page[views.Suppressed]),
    Route("GET", "/api/v1/notifications", list_notifications, _READ, "List notifications, newest first",
          query=views.NotificationQuery, returns=Page[views.Notification]),
    Route("POST", "/api/v1/notifications/{id:\\d{1,18}}/retry", retry_notification, _WRITE,
          "Send a dead letter again", returns=views.Notification),
]  # fmt: skip
