"""Firing alerts as Alertmanager's API v2 shows them: our rules' and other systems' alike.

A consequence of another alert of the same incident is shown as inhibited by it; a group is an incident.
Source: definitions gettableAlert and alertGroup of api/v2/openapi.yaml of prometheus/alertmanager.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from collector.external_alerts.posted import GENERATOR_URL, RESOLVE_TIMEOUT_MS
from collector.external_alerts.state import ENDS_AT, Held
from collector.opening import EXTERNAL
from core.clock import to_ms, to_rfc3339
from desk.alert import AlertState, Role
from desk.models import AlertRow, Incident

CONSOLE = "console"  # the receiver where no channel is configured: people find the incident there


@dataclass(frozen=True, slots=True)
class Firing:
    """A firing alert, and the incident at the root of it: the cause's where its own is a consequence."""

    row: AlertRow
    incident: int | None
    leads: bool


class Receiver(msgspec.Struct, frozen=True):
    name: str


class Status(msgspec.Struct, rename="camel"):
    """`state` is active or suppressed; the lists name what keeps the alert quiet."""

    state: str
    silenced_by: list[str]
    inhibited_by: list[str]


class ShownAlert(msgspec.Struct, rename="camel"):
    """One firing alert; times are RFC 3339."""

    annotations: dict[str, str]
    ends_at: str
    fingerprint: str
    receivers: list[Receiver]
    starts_at: str
    status: Status
    updated_at: str
    labels: dict[str, str]
    generator_url: str = msgspec.field(name="generatorURL", default="")


class ShownGroup(msgspec.Struct):
    """The alerts of one incident for one receiver; `labels` are those of the alert that opened it."""

    alerts: list[ShownAlert]
    labels: dict[str, str]
    receiver: Receiver


def receivers(channels: Iterable[str]) -> list[Receiver]:
    """What an incident is told to."""
    return [Receiver(name) for name in channels] or [Receiver(CONSOLE)]


async def firing(session: AsyncSession) -> list[Firing]:
    """Every firing alert, by fingerprint."""
    statement = (
        select(AlertRow, Incident.symptom_of)
        .outerjoin(Incident, AlertRow.incident_id == Incident.id)
        .where(AlertRow.state == AlertState.FIRING)
        .order_by(AlertRow.fingerprint, AlertRow.rule_key)
    )
    return [
        Firing(row, symptom_of or row.incident_id, row.role is Role.CAUSE and symptom_of is None)
        for row, symptom_of in await session.execute(statement)
    ]


def show(
    alerts: Iterable[Firing], held: Mapping[str, Held], told: list[Receiver], at_ms: int
) -> list[tuple[Firing, ShownAlert]]:
    """Each firing alert as it is shown; `held` are the alerts of other systems by fingerprint."""
    alerts = list(alerts)
    causes: dict[int, list[str]] = {}
    for one in alerts:
        if one.incident is not None and one.leads:
            causes.setdefault(one.incident, []).append(one.row.fingerprint)
    return [(one, _alert(one, held.get(one.row.fingerprint), _status(one, causes), told, at_ms)) for one in alerts]


def group(shown: Iterable[tuple[Firing, ShownAlert]], told: list[Receiver]) -> list[ShownGroup]:
    """The alerts by incident, once for each receiver; one without an incident stands alone."""
    incidents: dict[tuple[int, str], list[tuple[Firing, ShownAlert]]] = {}
    for one, alert in shown:
        alone = f"{one.row.fingerprint} {one.row.rule_key}" if one.incident is None else ""
        incidents.setdefault((one.incident or 0, alone), []).append((one, alert))
    return [
        ShownGroup([alert for _, alert in members], _opened_by(members), receiver)
        for _, members in sorted(incidents.items(), key=lambda item: item[0])
        for receiver in told
    ]


def _opened_by(members: Sequence[tuple[Firing, ShownAlert]]) -> dict[str, str]:
    return next((alert for one, alert in members if one.leads), members[0][1]).labels


def _status(one: Firing, causes: Mapping[int, list[str]]) -> Status:
    """Only what is firing can inhibit: a consequence that outlives its cause is active."""
    if one.leads or one.incident is None or one.incident not in causes:
        return Status("active", [], [])
    return Status("suppressed", [], causes[one.incident])


def _alert(one: Firing, held: Held | None, status: Status, told: list[Receiver], at_ms: int) -> ShownAlert:
    row = one.row
    if row.rule_key != EXTERNAL:
        held = None
    annotations = {name: str(text) for name, text in (held.alert.annotations if held else row.annotations).items()}
    annotations.pop(ENDS_AT, None)
    started = row.active_at if row.rule_key == EXTERNAL else row.fired_at or row.active_at
    return ShownAlert(
        generator_url=annotations.pop(GENERATOR_URL, ""),
        annotations=annotations,
        ends_at=to_rfc3339(held.ends_at_ms if held else at_ms + RESOLVE_TIMEOUT_MS),
        fingerprint=row.fingerprint,
        receivers=told,
        starts_at=to_rfc3339(to_ms(started)),
        status=status,
        updated_at=to_rfc3339(at_ms),
        labels={name: str(text) for name, text in row.labels.items()},
    )
