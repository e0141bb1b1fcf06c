"""From a change of alert state to an incident and a page: match → decide → correlate → record.

All of it happens in one transaction, so alert state, incident, ledger and outbox never disagree: after a
crash the evaluation goes on from the last commit and comes to the same decisions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from collector.late_items import match_late
from collector.matching import Register
from collector.opening import opening
from collector.plan import UNBORN, Plan, causes_first
from collector.situation import Situation
from core.clock import to_datetime
from core.database import Database
from core.log import get_logger
from desk.alert import AlertState as RecordedState
from desk.alert import Role
from desk.bulk import (
    incidents_by_id,
    insert_all,
    newest_incidents,
    note_all,
    open_incidents,
    open_incidents_of,
    still_firing,
)
from desk.correlation import Reason
from desk.incident import Reopen, Restore
from desk.models import AlertRow, Incident, Suppression
from desk.outbox import Kind
from desk.outbox_store import enqueue_all
from desk.records import AlertRecord
from desk.store import change, renew, save_alerts, suppression
from desk.symptoms import (
    adopt_symptoms,
    join_symptoms,
    lead_with,
    open_incidents_by_ci,
    orphaned_symptoms,
    release_orphans,
)
from desk.timeline import Entry
from rules.alerting import Change, ChangeKind

log = get_logger(__name__)

CATEGORY = "forewatch_category"  # the annotation by which a rule says what kind of trouble it finds
INFORMATIONAL = "info"  # the severity that is for reading, not for paging

# A consequence gets this long to recover after its cause has, before it stands for itself.
SYMPTOM_GRACE = dt.timedelta(minutes=2)

_ATTEMPTS = 3  # when another collector is faster


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
        self.register = register
        self._channels = channels
        self._on_queued = on_queued
        self._matched_at: int | None = None  # the register's revision at which every firing alert was matched

    async def record(self, changes: Sequence[RuleChange], at_ms: int) -> None:
        """Commit some changes; on an error nothing of them has happened.

        Raises:
            StorageError: the database refused.
        """
        await self._commit(at_ms, lambda work: work.changes(changes))

    async def reconsider(self, at_ms: int) -> None:
        """Look again at what was decided on less than is known now.

        Consequences that outlived their cause by `SYMPTOM_GRACE` get a decision of their own; alerts of nothing that
        was known belong to their item once the register has it.

        Raises:
            StorageError: the database refused.
        """
        await self._commit(at_ms, lambda work: work.orphans())
        revision = self.register.revision
        if revision != self._matched_at:
            await self._commit(at_ms, lambda work: work.late_items())
            self._matched_at = revision

    async def _commit(self, at_ms: int, do: Callable[[_Transaction], Awaitable[None]]) -> None:
        for again in reversed(range(_ATTEMPTS)):
            try:
                async with self._database.write() as session:
                    work = _Transaction(session, self.register, self._channels, to_datetime(at_ms))
                    await do(work)
                break
            except IntegrityError:
                # Another collector has opened an incident for the same condition; now it can be seen.
                if not again:
                    raise
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
        await self._cleared(by_kind[ChangeKind.RESOLVED])
        await self._fired(by_kind[ChangeKind.FIRING])

    async def orphans(self) -> None:
        for incident in await release_orphans(self._session, SYMPTOM_GRACE, self._now):
            log.info("incident stands for itself again", number=incident.number)
        await self._fired(await orphaned_symptoms(self._session, SYMPTOM_GRACE, self._now))

    async def late_items(self) -> None:
        await match_late(self._session, self._register, self._now)

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

    async def _fired(self, rows: Sequence[AlertRow]) -> None:
        quiet = [row for row in rows if row.severity == INFORMATIONAL]
        await self._suppress(suppression(Reason.INFORMATIONAL, self._now, fingerprint=row.fingerprint) for row in quiet)
        rows = sorted(
            (row for row in rows if row.severity != INFORMATIONAL),
            key=lambda row: causes_first(row.category, row.ci_id, self._register.graph),
        )
        if not rows:
            return
        situation = Situation(await open_incidents_by_ci(self._session), self._register.graph)
        past = await newest_incidents(self._session, {row.fingerprint for row in rows})
        plan = Plan(situation, past, self._reopened, self._now)
        for row in rows:
            plan.add(row)
        await self._carry_out(plan)

    async def _suppress(self, lines: Iterable[dict[str, Any]]) -> None:
        await insert_all(self._session, Suppression, list(lines))

    def _reopened(self, incident: Incident) -> bool:
        return change(incident, Reopen(), self._now) is None

    async def _carry_out(self, plan: Plan) -> None:
        graph = self._register.graph
        new = [opening(row, services, graph) for row, services in plan.new]
        opened = await open_incidents(self._session, new, self._now)
        incidents = await incidents_by_id(self._session, plan.known())
        incidents |= {UNBORN + place: incident for place, incident in enumerate(opened)}
        for row, incident in plan.led:
            lead_with(row, incidents[incident])
            if incidents[incident].symptom_of is not None:  # what is not touched need not be written
                incidents[incident].symptom_of = None
        for row, incident, services in plan.again:
            renew(incidents[incident], opening(row, services, graph))
        again = [(incidents[one], Entry.REOPENED, "") for _, one, _ in plan.again]
        await note_all(self._session, again, self._now)
        await self._tell([(incidents[one], Kind.OPENED if one >= UNBORN else Kind.REOPENED) for _, one in plan.led])
        await self._suppress([self._repeat(row, incidents[incident]) for row, incident in plan.repeated])
        for cause, several in plan.adoptions:
            ids = [opened[one - UNBORN].id if one >= UNBORN else one for one in several]
            await adopt_symptoms(self._session, incidents[cause], ids, self._now)
        await join_symptoms(self._session, [(row, incidents[cause]) for row, cause in plan.symptoms], self._now)

    def _repeat(self, row: AlertRow, incident: Incident) -> dict[str, Any]:
        lead_with(row, incident)
        return suppression(
            Reason.DUPLICATE, self._now, fingerprint=row.fingerprint, incident_id=incident.id,
            detail=f"{incident.number} is open already",
        )  # fmt: skip

    async def _cleared(self, rows: Sequence[AlertRow]) -> None:
        causes = [row for row in rows if row.role is not Role.SYMPTOM]
        incidents = await incidents_by_id(self._session, {row.incident_id for row in causes if row.incident_id})
        # Without a link: another collector that sees the same has begun a cycle of its own.
        unlinked = {row.fingerprint for row in causes if row.incident_id is None}
        incidents |= {one.id: one for one in (await open_incidents_of(self._session, unlinked)).values()}
        firing = await still_firing(self._session, incidents)
        over = [one for one in incidents.values() if one.id not in firing and self._over(one)]
        await note_all(self._session, [(one, Entry.RESTORED, "") for one in over], self._now)
        await self._tell([(one, Kind.RESTORED) for one in over])

    def _over(self, incident: Incident) -> bool:
        return change(incident, Restore(), self._now) is None

    async def _tell(self, told: Sequence[tuple[Incident, Kind]]) -> None:
        names, url = self._channels.names, self._channels.external_url
        self.queued += await enqueue_all(self._session, told, names, self._now, external_url=url)
        for one, kind in told:
            log.info("incident", what=kind.value, number=one.number, priority=one.priority, title=one.title)
