"""REST of agents: what agents call (enrol, report, config) and what people see of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
from aiohttp import web

from collector.access import store as access_store
from collector.access.client import CLIENT
from collector.access.service import ACCESS
from collector.agents import enrol, store
from collector.agents.event_alerts import tell
from collector.agents.heard import Heard
from collector.agents.models import Agent
from collector.agents.polling_views import AgentPatch
from collector.agents.report import Tell, checked, parse_instant, take_in
from collector.agents.service import AGENTS
from collector.agents.views import (
    AgentDetail,
    AgentTargetView,
    AgentView,
    Enrolled,
    EnrolRequest,
    state_of,
)
from collector.evaluation import EVALUATION
from core.access import PRINCIPAL, Permission
from core.clock import to_datetime
from core.facts import AgentReport, EventAlert
from core.http import CLOCK, DATABASE, FieldError, Page, PageQuery, Problem, Route, not_found, page_of
from core.log import get_logger

log = get_logger(__name__)

MAX_ID = 2**31 - 1  # a cursor that nobody was given may be larger than the column
MAX_REPORT_BYTES = 32 << 20


def _now(request: web.Request) -> dt.datetime:
    return to_datetime(request.app[CLOCK].now_ms())


async def enrol_agent(request: web.Request, body: EnrolRequest) -> Enrolled:
    """Trade a one-time enrolment token for the agent's own credential."""
    async with request.app[DATABASE].write() as session:
        secret, spent = await enrol.enrol(
            session, request[PRINCIPAL], name=body.name, hostname=body.hostname, now=_now(request)
        )
    for token_id in spent:
        request.app[ACCESS].authenticator.forget_token(token_id)
    request.app[AGENTS].metrics.enrolled.inc()
    log.info("agent enrolled", agent=body.name, address=request[CLIENT])
    return Enrolled(agent=body.name, token=secret)


async def take_report(request: web.Request, body: AgentReport) -> None:
    """Facts, events and heartbeat of the agent that the credential belongs to; repeating it changes nothing."""
    principal, agents = request[PRINCIPAL], request.app[AGENTS]
    if body.agent != principal.name:
        raise Problem(403, "Forbidden", f"this credential is {principal.name}'s; it cannot report for another agent")
    report, now = checked(body), _now(request)
    sent_at = parse_instant(report.sent_at)
    if sent_at is None:
        wrong = FieldError("sent_at", "must be an RFC 3339 time with an offset, such as 2026-01-02T03:04:05Z")
        raise Problem(422, "Invalid body", f"sent_at {wrong.message}", errors=[wrong])
    heard = Heard(
        boot=report.boot, version=report.version, at=now, address=request[CLIENT],
        clock_skew_seconds=(now - sent_at).total_seconds(),
    )  # fmt: skip
    says_nothing_new = not report.targets and not report.events
    if says_nothing_new and agents.roster.is_heartbeat(report.agent, report.boot, report.version):
        agents.roster.note(report.agent, heard, written=False)
        agents.metrics.reports.labels("heartbeat").inc()
        return
    outcomes = await take_in(
        request.app[DATABASE], report, heard, token_id=principal.id, reconcile=agents.reconcile,
        metrics=agents.metrics, tell=_teller(request),
    )  # fmt: skip
    agents.roster.note(report.agent, heard, written=True)
    for outcome in outcomes:
        agents.observe(outcome)
    agents.metrics.reports.labels("full").inc()


def _teller(request: web.Request) -> Tell:
    """Tells the pipeline of the troubles of events."""
    take, metrics = request.app[EVALUATION].events.take, request.app[AGENTS].metrics

    async def told(said: Sequence[tuple[int, EventAlert]]) -> None:
        await tell(said, request.app[CLOCK].now_ms(), take, metrics)

    return told


async def change_agent(request: web.Request, body: AgentPatch) -> AgentDetail:
    """Set whose polling targets an agent takes; from then on its own word about that does not count."""
    async with request.app[DATABASE].write() as session:
        agent = await session.get(Agent, int(request.match_info["id"]), with_for_update=True)
        if agent is None:
            raise not_found("agent", request.match_info["id"])
        agent.site = body.site or ""
    log.info("agent's site set", agent=agent.name, site=agent.site, by=request[PRINCIPAL].name)
    await request.app[AGENTS].assigner.step()
    return await show_agent(request)


async def list_agents(request: web.Request, query: PageQuery) -> Page[AgentView]:
    async with request.app[DATABASE].read() as session:
        rows = await store.list_agents(session, after=min(query.after(), MAX_ID), limit=query.limit + 1)
    return page_of([_view(request, agent, count) for agent, count in rows], query, lambda view: view.id)


async def show_agent(request: web.Request) -> AgentDetail:
    async with request.app[DATABASE].read() as session:
        agent = await session.get(Agent, int(request.match_info["id"]))
        if agent is None:
            raise not_found("agent", request.match_info["id"])
        targets = await store.targets_of(session, agent.id)
    watches = [
        AgentTargetView(job=one.job, instance=one.instance, ci_id=one.ci_id, seen_at=one.seen_at) for one in targets
    ]
    return AgentDetail(**msgspec.structs.asdict(_view(request, agent, len(targets))), watches=watches)


async def retire_agent(request: web.Request) -> None:
    """Forget an agent and revoke its credentials; what it reported stays in the register."""
    async with request.app[DATABASE].write() as session:
        agent = await session.get(Agent, int(request.match_info["id"]))
        if agent is None:
            raise not_found("agent", request.match_info["id"])
        revoked = await access_store.revoke_agent_tokens(session, agent.name, _now(request))
        await session.delete(agent)
    for token_id in revoked:
        request.app[ACCESS].authenticator.forget_token(token_id)
    request.app[AGENTS].roster.forget(agent.name)
    log.info("agent retired", agent=agent.name, by=request[PRINCIPAL].name)


def _view(request: web.Request, agent: Agent, targets: int) -> AgentView:
    roster = request.app[AGENTS].roster
    heard, pushed = roster[agent.name], roster.pushed_at(agent.name)
    reported = heard.at if heard else agent.last_report_at
    return AgentView(
        id=agent.id, name=agent.name, hostname=agent.hostname, version=agent.version, boot=agent.boot,
        address=heard.address if heard else agent.address, enrolled_at=agent.enrolled_at, last_report_at=reported,
        last_push_at=pushed, clock_skew_seconds=heard.clock_skew_seconds if heard else agent.clock_skew_seconds,
        state=state_of(_now(request), reported, pushed), site=agent.site or None, targets=targets,
    )  # fmt: skip


ROUTES = [
    Route("POST", "/api/v1/agents/enrol", enrol_agent, Permission.AGENT_ENROL, "Enrol an agent by a one-time token",
          body=EnrolRequest, returns=Enrolled, status=201, max_body_bytes=8192),
    Route("POST", "/api/v1/agents/report", take_report, Permission.AGENT_REPORT, "Report facts, events, heartbeat",
          body=AgentReport, status=204, max_body_bytes=MAX_REPORT_BYTES),
    Route("GET", "/api/v1/agents", list_agents, Permission.AGENTS_READ, "List agents",
          query=PageQuery, returns=Page[AgentView]),
    Route("GET", r"/api/v1/agents/{id:\d{1,9}}", show_agent, Permission.AGENTS_READ, "One agent and what it watches",
          returns=AgentDetail),
    Route("PATCH", r"/api/v1/agents/{id:\d{1,9}}", change_agent, Permission.AGENTS_WRITE,
          "Set whose polling targets an agent takes", body=AgentPatch, returns=AgentDetail),
    Route("DELETE", r"/api/v1/agents/{id:\d{1,9}}", retire_agent, Permission.AGENTS_WRITE,
          "Retire an agent and revoke its credentials", status=204),
]  # fmt: skip
