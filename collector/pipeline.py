"""From a change of alert state to an incident and a page: match → decide → correlate → record.

All of it happens in one transaction, so alert state, incident, ledger and outbox never disagree: after a
crash the evaluation goes on from the last commit and comes to the same decisions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.item import Impact
from cmdb.views import CiRef
from collector.matching import Register
from core.clock import to_datetime
from core.database import Database
from core.log import get_logger
from desk.alert import AVAILABILITY, Role
from desk.alert import AlertState as RecordedState
from desk.correlation import OpenByCi, Reason, SymptomOf, decide
from desk.models import AlertRow, Incident
from desk.outbox import Kind
from desk.outbox_store import enqueue
from desk.priority import urgency_of
from desk.records import AlertRecord, NewIncident
from desk.store import (
    find_open,
    find_reopenable,
    open_incident,
    record_suppression,
    reopen_incident,
    restore_incident,
    save_alerts,
    still_fires,
)
from desk.symptoms import (
    adopt_symptoms,
    join_symptom,
    lead_with,
    open_incidents_by_ci,
    orphaned_symptoms,
    release_orphans,
)
from rules.alerting import Change, ChangeKind

log = get_logger(__name__)

CATEGORY = "forewatch_category"  # the annotation by which a rule says what kind of trouble it finds
INFORMATIONAL = "info"  # the severity that is for reading, not for paging

# A consequence gets this long to recover after its cause has, before it stands for itself.
SYMPTOM_GRACE = dt.timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One change of one alert, and the rule it belongs to."""

    rule_key: str
    rule: str
    change: Change


@dataclass(frozen=True, slots=True)
class Channels:
    """Where pages go: the names of the channels, and the address at which people reach this collector."""

    names: Sequence[str] = ()
    external_url: str = ""


class Pipeline:
    """Records changes of alert state and everything that follows from them.

    Args:
        register: the CMDB as the evaluation sees it.
        on_queued: called after a commit that queued notifications.
    """

    def __init__(
        self, database: Database, register: Register, channels: Channels, on_queued: Callable[[], None]
    ) -> None:
        self._database = database
        self._register = register
        self._channels = channels
        self._on_queued = on_queued

    async def record(self, changes: Sequence[RuleChange], at_ms: int) -> None:
        """Commit the changes of one evaluation; on an error nothing of them has happened.

        Raises:
            StorageError: the database refused.
        """
        async with self._database.write() as session:
            work = _Transaction(session, self._register, self._channels, to_datetime(at_ms))
            await work.changes(changes)
        if work.queued:
            self._on_queued()

    async def reconsider(self, at_ms: int) -> None:
        """Give consequences that outlived their cause by `SYMPTOM_GRACE` a decision of their own.

        Raises:
            StorageError: the database refused.
        """
        async with self._database.write() as session:
            work = _Transaction(session, self._register, self._channels, to_datetime(at_ms))
            await work.orphans()
        if work.queued:
            self._on_queued()


class _Transaction:
    """The decisions of one transaction; `queued` counts the notifications it wrote."""

    def __init__(self, session: AsyncSession, register: Register, channels: Channels, now: dt.datetime) -> None:
        self._session = session
        self._register = register
        self._channels = channels
        self._now = now
        self.queued = 0

    async def changes(self, changes: Sequence[RuleChange]) -> None:
        rows = await save_alerts(self._session, [self._record(one) for one in changes])
        by_kind: dict[ChangeKind, list[AlertRow]] = {kind: [] for kind in ChangeKind}
        for one, row in zip(changes, rows, strict=True):
            by_kind[one.change.kind].append(row)
        # What is over first: a recovery in the same tick must not become the cause of what begins.
        for row in by_kind[ChangeKind.RESOLVED]:
            await self._cleared(row)
        for row in sorted(by_kind[ChangeKind.FIRING], key=self._causes_first):
            await self._fired(row)

    async def orphans(self) -> None:
        for incident in await release_orphans(self._session, SYMPTOM_GRACE, self._now):
            log.info("incident stands for itself again", number=incident.number)
        for row in sorted(await orphaned_symptoms(self._session, SYMPTOM_GRACE, self._now), key=self._causes_first):
            await self._fired(row)

    def _record(self, one: RuleChange) -> AlertRecord:
        alert = one.change.after or one.change.before
        assert alert is not None, "a change has a side"
        ended = one.change.after is None
        pairs = dict(alert.labels)
        ci = self._register.ci_of(pairs)
        return AlertRecord(
            rule_key=one.rule_key,
            rule=one.rule,
            fingerprint=one.change.fingerprint,
            labels=pairs,
            annotations=alert.annotations,
            state=RecordedState.RESOLVED if ended else RecordedState(alert.state.value),
            severity=pairs.get("severity"),
            category=alert.annotations.get(CATEGORY),
            value=alert.value,
            active_at=to_datetime(alert.active_at_ms),
            fired_at=None if alert.fired_at_ms is None else to_datetime(alert.fired_at_ms),
            keep_firing_since=None if alert.keep_firing_since_ms is None else to_datetime(alert.keep_firing_since_ms),
            resolved_at=self._now if ended else None,
            ci_id=ci.id if ci else None,
        )

    def _causes_first(self, row: AlertRow) -> tuple[bool, int]:
        """Of what begins at once, items that are down come before the rest, the furthest upstream first."""
        depth = 0 if row.ci_id is None else len(self._register.graph.upstream_of(row.ci_id))
        return row.category != AVAILABILITY, depth

    async def _fired(self, row: AlertRow) -> None:
        if row.severity == INFORMATIONAL:
            record_suppression(self._session, Reason.INFORMATIONAL, self._now, fingerprint=row.fingerprint)
            return
        by_ci = await open_incidents_by_ci(self._session)
        down = {ci_id for ci_id, several in by_ci.items() if any(one.category == AVAILABILITY for one in several)}
        upstream = [] if row.ci_id is None else self._register.graph.causes_of(row.ci_id, down)
        decision = decide(row.ci_id, row.fingerprint, upstream, by_ci)
        if isinstance(decision, SymptomOf):
            cause = await self._session.get_one(Incident, decision.incident_id)
            await join_symptom(self._session, row, cause, self._now)
            return
        await self._own(row, by_ci, down)

    async def _own(self, row: AlertRow, by_ci: OpenByCi, down: set[int]) -> None:
        incident, kind = await self._open_or_reopen(row, down)
        lead_with(row, incident)
        if kind is None:
            record_suppression(
                self._session, Reason.DUPLICATE, self._now, fingerprint=row.fingerprint, incident_id=incident.id,
                detail=f"{incident.number} is open already",
            )  # fmt: skip
            return
        incident.symptom_of = None
        self.queued += await self._enqueue(incident, kind)
        log.info("incident", what=kind.value, number=incident.number, priority=incident.priority, title=incident.title)
        if row.category == AVAILABILITY and row.ci_id is not None:
            await adopt_symptoms(self._session, incident, self._explained(row.ci_id, by_ci, down), self._now)

    def _explained(self, ci_id: int, open_by_ci: OpenByCi, down: set[int]) -> set[int]:
        """The other items with open incidents whose trouble the failure of this item explains."""
        failed = {ci_id, *down}
        return {one for one in open_by_ci if one != ci_id and ci_id in self._register.graph.causes_of(one, failed)}

    async def _open_or_reopen(self, row: AlertRow, down: set[int]) -> tuple[Incident, Kind | None]:
        """The incident of a condition; the kind is None when it was open already and nobody need be told."""
        past = await find_reopenable(self._session, row.fingerprint, self._now)
        if past is not None and await reopen_incident(self._session, past, self._now) is None:
            return past, Kind.REOPENED
        opening = await open_incident(self._session, self._new(row, down), self._now)
        return opening.incident, Kind.OPENED if opening.created else None

    def _new(self, row: AlertRow, down: set[int]) -> NewIncident:
        graph = self._register.graph
        ci = None if row.ci_id is None else graph.items.get(row.ci_id)
        services = [] if ci is None else graph.services_of(ci.id, down)
        return NewIncident(
            title=title(row, ci),
            impact=graph.impact_of(services) or Impact.PERSON,
            urgency=urgency_of(row.severity),
            fingerprint=row.fingerprint,
            rule=row.rule,
            severity=row.severity,
            category=row.category,
            labels=row.labels,
            annotations=row.annotations,
            ci_id=row.ci_id,
            services=[service.name for service in services],
        )

    async def _cleared(self, row: AlertRow) -> None:
        if row.role is Role.SYMPTOM:
            return
        if row.incident_id is None:  # another collector that sees the same has begun a cycle of its own
            incident = await find_open(self._session, row.fingerprint)
        else:
            incident = await self._session.get_one(Incident, row.incident_id)
        if incident is None or await still_fires(self._session, incident):
            return
        if await restore_incident(self._session, incident, self._now) is None:
            self.queued += await self._enqueue(incident, Kind.RESTORED)
            log.info("incident", what="restored", number=incident.number)

    async def _enqueue(self, incident: Incident, kind: Kind) -> int:
        return await enqueue(
            self._session, incident, kind, self._channels.names, self._now, external_url=self._channels.external_url
        )


def title(row: AlertRow, ci: CiRef | None) -> str:
    """One line that says what is wrong where: the rule's summary, else its name and the item."""
    summary: str | None = row.annotations.get("summary")
    if summary:
        return summary
    where = ci.name if ci else row.labels.get("instance")
    return f"{row.rule}: {where}" if where else row.rule
