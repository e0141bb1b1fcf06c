"""Taking in a report: the agent itself, what it watches, what it saw happen.

Sending a report again changes nothing. Everything in it comes from devices and is bounded and cleaned here.
Targets are reconciled a few at a time, so that an agent with a thousand devices does not hold the
database's one writer while rules wait to record an incident.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.outcome import Outcome
from collector.agents import store
from collector.agents.heard import Heard
from collector.agents.metrics import AgentMetrics
from collector.agents.store import TargetKey
from core.clock import to_ms
from core.database import Database
from core.facts import AgentReport, EventAlert, EventReport, TargetReport
from core.http import FieldError, Problem

MAX_TARGETS = 10_000
MAX_EVENTS = 10_000
MAX_MESSAGE = 16_384
BATCH = 25

# An agent whose clock is further off than this is corrected; below, the network explains it.
SKEW = dt.timedelta(seconds=30)


# Takes the troubles of events in their order, each with its time in epoch milliseconds.
Tell = Callable[[Sequence[tuple[int, EventAlert]]], Awaitable[None]]


class Reconcile(Protocol):
    """`cmdb.store.reconcile` with its classes bound."""

    async def __call__(
        self, session: AsyncSession, target: TargetReport, *, agent: str, now: dt.datetime
    ) -> Outcome: ...


def parse_instant(text: str) -> dt.datetime | None:
    """An RFC 3339 time with an offset; None when it is not that, or outside the years 1 to 9999 of UTC."""
    try:
        instant = msgspec.convert(text, dt.datetime)
        return None if instant.tzinfo is None else instant.astimezone(dt.UTC)
    except (msgspec.ValidationError, OverflowError):
        return None


def checked(report: AgentReport) -> AgentReport:
    """The report with every NUL character, which PostgreSQL cannot keep, replaced.

    Raises:
        Problem: 422, it says too much, or names a target without instance or job.
    """
    if report.targets is not None and len(report.targets) > MAX_TARGETS:
        raise _invalid("targets", f"at most {MAX_TARGETS} targets are taken of one agent")
    if len(report.events) > MAX_EVENTS:
        raise _invalid("events", f"at most {MAX_EVENTS} events are taken at once")
    for name, limit in (("boot", 128), ("version", 128)):
        if len(getattr(report, name)) > limit:
            raise _invalid(name, f"at most {limit} characters are taken")
    for index, target in enumerate(report.targets or ()):
        if not 0 < len(target.instance) <= 512 or not 0 < len(target.job) <= 128:
            raise _invalid(f"targets[{index}]", "instance (1 to 512 characters) and job (1 to 128) are needed")
    if b"\\u0000" not in msgspec.json.encode(report):
        return report
    return msgspec.convert(_without_nul(msgspec.to_builtins(report)), AgentReport)


async def take_in(
    database: Database,
    report: AgentReport,
    heard: Heard,
    *,
    token_id: int | None,
    reconcile: Reconcile,
    metrics: AgentMetrics,
    tell: Tell,
) -> list[Outcome]:
    """Record a checked report; returns what each target did to the register.

    What events begin and end is told before they are kept: should the collector end in between, it is told again.

    Raises:
        StorageError: the database refuses; sending the report again is safe.
    """
    targets = _by_key(report.targets)
    rows, refused = _event_rows(report.events, heard)
    await _tell(database, report, rows, tell)
    async with database.write() as session:
        agent = await store.save_agent(
            session, report.agent, heard.at, token_id=token_id, version=heard.version, boot=heard.boot,
            last_report_at=heard.at, clock_skew_seconds=heard.clock_skew_seconds, address=heard.address,
        )  # fmt: skip
        if targets is not None:
            await store.keep_targets(session, agent.id, targets.keys(), heard.at)
        added = await store.add_events(session, [{"agent_id": agent.id, **row} for row in rows])
    metrics.events.labels("stored").inc(added)
    metrics.events.labels("repeated").inc(len(rows) - added)
    metrics.events.labels("refused").inc(refused)
    outcomes: list[Outcome] = []
    for batch in _batches(targets or {}):
        outcomes += await _reconcile(database, agent.id, batch, agent=report.agent, now=heard.at, by=reconcile)
    return outcomes


async def _tell(database: Database, report: AgentReport, rows: Sequence[Mapping[str, Any]], tell: Tell) -> None:
    """Tell the troubles of events that are new."""
    alerts = {_digest(event): event.alerts for event in report.events if event.alerts}
    said = {row["digest"]: row["at"] for row in rows if row["digest"] in alerts}
    if not said:
        return
    async with database.read() as session:
        unseen = await store.unseen_events(session, report.agent, said)
    new = [(to_ms(at), alert) for digest, at in said.items() if digest in unseen for alert in alerts[digest]]
    if new:
        await tell(new)


async def _reconcile(
    database: Database,
    agent_id: int,
    batch: Mapping[TargetKey, TargetReport],
    *,
    agent: str,
    now: dt.datetime,
    by: Reconcile,
) -> list[Outcome]:
    outcomes: dict[TargetKey, Outcome] = {}
    async with database.write() as session:
        for key, target in batch.items():
            outcomes[key] = await by(session, target, agent=agent, now=now)
        items = {key: outcome.ci.id if outcome.ci else None for key, outcome in outcomes.items()}
        await store.set_items(session, agent_id, items)
    return list(outcomes.values())


def _by_key(targets: Sequence[TargetReport] | None) -> dict[TargetKey, TargetReport] | None:
    """Targets by (job, instance), the last of each; None when the report says nothing about them, as heartbeats."""
    return None if not targets else {(target.job, target.instance): target for target in targets}


def _batches(targets: Mapping[TargetKey, TargetReport]) -> Iterator[dict[TargetKey, TargetReport]]:
    items = iter(targets.items())
    while batch := dict(islice(items, BATCH)):
        yield batch


def _event_rows(events: Sequence[EventReport], heard: Heard) -> tuple[list[dict[str, Any]], int]:
    """Rows of events, each once, and how many were refused for their time."""
    skew = dt.timedelta(seconds=heard.clock_skew_seconds)
    shift = skew if abs(skew) > SKEW else dt.timedelta()
    rows: dict[str, dict[str, Any]] = {}
    refused = 0
    for event in events:
        at = _shifted(parse_instant(event.at), shift)
        if at is None:
            refused += 1
            continue
        digest = _digest(event)
        rows[digest] = {
            "digest": digest,
            "at": at,
            "received_at": heard.at,
            "kind": event.kind[:128],
            "target": event.target[:512],
            "message": event.message[:MAX_MESSAGE],
            "attributes": event.attributes,
        }
    return list(rows.values()), refused


def _digest(event: EventReport) -> str:
    return hashlib.sha256(msgspec.json.encode(event, order="sorted")).hexdigest()


def _shifted(at: dt.datetime | None, by: dt.timedelta) -> dt.datetime | None:
    try:
        return None if at is None else at + by
    except OverflowError:
        return None


def _without_nul(document: Any) -> Any:
    if isinstance(document, str):
        return document.replace("\0", "\ufffd")
    if isinstance(document, list):
        return [_without_nul(item) for item in document]
    if isinstance(document, dict):
        return {_without_nul(key): _without_nul(value) for key, value in document.items()}
    return document


def _invalid(path: str, message: str) -> Problem:
    return Problem(422, "Invalid body", f"{path}: {message}", errors=[FieldError(path, message)])
