"""REST of discovery: what agents report of their sweeps, and what people decide about it."""

from __future__ import annotations

import datetime as dt

from aiohttp import web

from cmdb.classes import CLASSES
from cmdb.outcome import Outcome
from collector.agents.service import AGENTS
from collector.discovery import decide, shown, store
from collector.discovery.comparison import State
from collector.discovery.report import Sender, checked, take_in
from collector.discovery.service import DISCOVERY
from collector.discovery.views import (
    Acceptance,
    BulkAcceptance,
    BulkResult,
    ProposalDetail,
    ProposalFilter,
    ProposalView,
    Refused,
    Rejection,
)
from core.access import PRINCIPAL, Permission
from core.clock import to_datetime
from core.discovery import SweepReport
from core.http import CLOCK, DATABASE, Page, Problem, Route, not_found, page_of
from core.log import get_logger

log = get_logger(__name__)

MAX_REPORT_BYTES = 16 << 20


def _now(request: web.Request) -> dt.datetime:
    return to_datetime(request.app[CLOCK].now_ms())


async def take_discoveries(request: web.Request, body: SweepReport) -> None:
    """A part of a sweep of the agent that the credential belongs to; repeating it changes nothing."""
    principal = request[PRINCIPAL]
    if body.agent != principal.name:
        raise Problem(403, "Forbidden", f"this credential is {principal.name}'s; it cannot report for another agent")
    await take_in(
        request.app[DATABASE], checked(body), Sender(principal.name, principal.id), classes=request.app[CLASSES],
        now=_now(request), metrics=request.app[DISCOVERY],
    )  # fmt: skip


async def list_proposals(request: web.Request, query: ProposalFilter) -> Page[ProposalView]:
    async with request.app[DATABASE].read() as session:
        rows = await store.list_proposals(session, query, after=query.after(), limit=query.limit + 1)
        views = [await shown.view(session, proposal, device) for proposal, device in rows]
    return page_of(views, query, lambda view: view.id)


async def show_proposal(request: web.Request) -> ProposalDetail:
    async with request.app[DATABASE].read() as session:
        found = await store.find_proposal(session, int(request.match_info["id"]))
        if found is None:
            raise not_found("proposal", request.match_info["id"])
        return await shown.detail(session, *found)


async def accept_proposal(request: web.Request, body: Acceptance) -> ProposalView:
    """Accept one proposal; the answer names the item that it led to."""
    _may_poll(request, body)
    async with request.app[DATABASE].write() as session:
        proposal, device, outcome = await decide.accept(
            session, int(request.match_info["id"]), request.app[CLASSES], person=request[PRINCIPAL].name,
            now=_now(request), how=body,
        )  # fmt: skip
        view = await shown.view(session, proposal, device)
    _tell(request, view, State.ACCEPTED, outcome)
    await _assign(request, body)
    return view


async def reject_proposal(request: web.Request, body: Rejection) -> ProposalView:
    """Reject one proposal; the same is not proposed again until it changes."""
    async with request.app[DATABASE].write() as session:
        proposal, device = await decide.reject(
            session, int(request.match_info["id"]), person=request[PRINCIPAL].name, reason=body.reason,
            now=_now(request),
        )  # fmt: skip
        view = await shown.view(session, proposal, device)
    _tell(request, view, State.REJECTED, None)
    return view


async def accept_proposals(request: web.Request, body: BulkAcceptance) -> BulkResult:
    """Accept open proposals by a filter, each in a transaction of its own: one that fails holds up no other."""
    _may_poll(request, body)
    query = ProposalFilter(kind=body.kind, agent=body.agent, class_=body.class_, found_by=body.found_by)
    async with request.app[DATABASE].read() as session:
        rows = await store.list_proposals(session, query, after=0, limit=body.limit + 1)
    accepted: list[int] = []
    refused: list[Refused] = []
    for proposal, _ in rows[: body.limit]:
        try:
            async with request.app[DATABASE].write() as session:
                done, device, outcome = await decide.accept(
                    session, proposal.id, request.app[CLASSES], person=request[PRINCIPAL].name, now=_now(request),
                    how=body,
                )  # fmt: skip
                view = await shown.view(session, done, device)
        except Problem as problem:
            refused.append(Refused(proposal.id, problem.detail))
            continue
        accepted.append(proposal.id)
        _tell(request, view, State.ACCEPTED, outcome)
    await _assign(request, body)
    return BulkResult(accepted=accepted, refused=refused, more=len(rows) > body.limit)


def _may_poll(request: web.Request, how: Acceptance) -> None:
    """Refuse who may change the register, but not what agents do."""
    if how.credential is not None and Permission.AGENTS_WRITE not in request[PRINCIPAL].permissions:
        raise Problem(403, "Forbidden", f"credential: having it polled needs {Permission.AGENTS_WRITE}")


async def _assign(request: web.Request, how: Acceptance) -> None:
    """Choose at once who polls what was accepted."""
    if how.credential is not None:
        await request.app[AGENTS].assigner.step()


def _tell(request: web.Request, view: ProposalView, decision: State, outcome: Outcome | None) -> None:
    if outcome is not None:
        request.app[AGENTS].observe(outcome)
    request.app[DISCOVERY].decided.labels(view.kind, str(decision)).inc()
    log.info("proposal decided", proposal=view.id, kind=view.kind, decision=decision, by=request[PRINCIPAL].name)


_READ, _WRITE = Permission.CMDB_READ, Permission.CMDB_WRITE

ROUTES = [
    Route("POST", "/api/v1/agents/discoveries", take_discoveries, Permission.AGENT_REPORT,
          "Report what a sweep found", body=SweepReport, status=204, max_body_bytes=MAX_REPORT_BYTES),
    Route("GET", "/api/v1/proposals", list_proposals, _READ, "List what discovery proposes",
          query=ProposalFilter, returns=Page[ProposalView]),
    Route("POST", "/api/v1/proposals/accept", accept_proposals, _WRITE, "Accept open proposals by a filter",
          body=BulkAcceptance, returns=BulkResult),
    Route("GET", r"/api/v1/proposals/{id:\d{1,18}}", show_proposal, _READ,
          "Show a proposal, what was found, and the relations that neighbours suggest", returns=ProposalDetail),
    Route("POST", r"/api/v1/proposals/{id:\d{1,18}}/accept", accept_proposal, _WRITE, "Accept a proposal",
          body=Acceptance, returns=ProposalView),
    Route("POST", r"/api/v1/proposals/{id:\d{1,18}}/reject", reject_proposal, _WRITE, "Reject a proposal",
          body=Rejection, returns=ProposalView),
]  # fmt: skip
