"""Alerts that began before the register knew their item: once it does, they and their incidents belong to it.

An agent's first samples may fire an alert before its facts have made the item, and a person may register a device
because of the incident about it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from collector.matching import Register
from collector.opening import opening
from collector.plan import causes_first
from collector.situation import Situation
from core.log import get_logger
from desk.bulk import incidents_by_id, note_all
from desk.correlation import OpenIncident, SymptomOf
from desk.models import AlertRow, Incident
from desk.store import renew, unmatched_alerts
from desk.symptoms import adopt_symptoms, open_incidents_by_ci
from desk.timeline import Entry

log = get_logger(__name__)


async def match_late(session: AsyncSession, register: Register, now: dt.datetime) -> None:
    """Match what fires without an item; its incident gets the item, the services hit and the priority of now."""
    rows = [row for row in await unmatched_alerts(session) if _matched(row, register)]
    if not rows:
        return
    incidents = await incidents_by_id(session, {row.incident_id for row in rows if row.incident_id is not None})
    situation = Situation(await open_incidents_by_ci(session), register.graph)
    for row in sorted(rows, key=lambda row: causes_first(row.category, row.ci_id, register.graph)):
        incident = None if row.incident_id is None else incidents.get(row.incident_id)
        if incident is not None and incident.ci_id is None:
            await _place(session, row, incident, situation, register, now)


def _matched(row: AlertRow, register: Register) -> bool:
    labels: Mapping[str, str] = row.labels
    ci = register.ci_of(labels)
    row.ci_id = ci.id if ci else None
    return ci is not None


async def _place(
    session: AsyncSession, row: AlertRow, incident: Incident, situation: Situation, register: Register, now: dt.datetime
) -> None:
    """Let the incident say which item it is about, and find its cause or its consequences."""
    assert row.ci_id is not None, "it was matched"
    decision = situation.decide(row.ci_id, row.fingerprint)
    renew(incident, opening(row, situation.services_of(row.ci_id), register.graph))
    item = register.graph.items[row.ci_id]
    await note_all(session, [(incident, Entry.MATCHED, item.name)], now)
    log.info("incident belongs to an item that is known now", number=incident.number, item=item.name)
    if isinstance(decision, SymptomOf):
        cause = (await incidents_by_id(session, {decision.incident_id}))[decision.incident_id]
        await adopt_symptoms(session, cause, [incident.id], now)
        return
    itself = OpenIncident(incident.id, row.ci_id, row.category, row.fingerprint, None, incident.opened_at)
    situation.opened(itself)
    consequences = situation.adopted_by(itself, now)
    if consequences:
        await adopt_symptoms(session, incident, consequences, now)
