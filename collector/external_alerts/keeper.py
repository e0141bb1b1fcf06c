"""Keeps the alerts of other systems: records what changes, ends what is no longer refreshed."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Iterable, Mapping, Sequence

from collector.alert_memory import alert_of
from collector.external_alerts.metrics import ExternalAlertMetrics
from collector.external_alerts.posted import Occurrence
from collector.external_alerts.state import Held, expire, restored, take
from collector.opening import EXTERNAL
from collector.pipeline import RuleChange
from collector.recorder import Recorder
from core.clock import Clock
from core.errors import Overloaded, StorageError
from core.labels import fingerprint
from core.log import get_logger
from desk.models import AlertRow
from rules.alerting import Change, ChangeKind

log = get_logger(__name__)

MAX_ACTIVE = 20_000
LOOK_SECONDS = 1.0
_RETRY_SECONDS = 60.0


class Outcome(enum.StrEnum):
    """What became of a pushed alert."""

    FIRED = "fired"
    REFRESHED = "refreshed"
    RESOLVED = "resolved"
    UNKNOWN = "unknown"  # the end of what does not fire
    INVALID = "invalid"
    NO_ROOM = "no_room"


class ExternalAlerts:
    """The alerts of other systems that fire, by fingerprint.

    What a push changes is committed before it is answered; should the database refuse, nothing has happened.

    Args:
        rule_key: under which they are recorded: those of other systems, or those that events begin and end.
    """

    def __init__(
        self,
        recorder: Recorder,
        clock: Clock,
        metrics: ExternalAlertMetrics,
        *,
        max_active: int = MAX_ACTIVE,
        rule_key: str = EXTERNAL,
    ) -> None:
        self._recorder = recorder
        self._clock = clock
        self.metrics = metrics
        self._max_active = max_active
        self._rule_key = rule_key
        self._held: dict[str, Held] = {}
        self._turn = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def held(self) -> Mapping[str, Held]:
        """The alerts that fire, by fingerprint; to look up only."""
        return self._held

    def restore(self, rows: Iterable[AlertRow]) -> None:
        """Go on from what the database has."""
        now_ms = self._clock.now_ms()
        self._held = {row.fingerprint: restored(alert_of(row), now_ms) for row in rows}
        self.metrics.active.set(len(self._held))

    async def take(self, said: Sequence[Occurrence]) -> None:
        """Take in a push; of several occurrences of one alert the last counts.

        Raises:
            StorageError: the database refused; nothing was taken.
            Overloaded: there was no room for all of the new alerts; the others were taken.
        """
        latest = {fingerprint(one.labels): one for one in said}
        async with self._turn:
            at_ms = self._clock.now_ms()
            after: dict[str, Held | None] = {}
            changes: dict[str, Change] = {}
            outcomes: list[Outcome] = []
            room = self._max_active - len(self._held)
            for key, one in latest.items():
                before = self._held.get(key)
                held, change = take(before, one, at_ms)
                if before is None and held is not None:
                    room -= 1
                    if room < 0:
                        outcomes.append(Outcome.NO_ROOM)
                        continue
                after[key] = held
                outcomes.append(_outcome(held, change))
                if change is not None:
                    changes[key] = change
            await self._record(changes, after, at_ms)
        for outcome in outcomes:
            self.metrics.received.labels(outcome).inc()
        if Outcome.NO_ROOM in outcomes:
            raise Overloaded(f"{self._max_active} external alerts fire already", retry_after_seconds=_RETRY_SECONDS)

    async def end_overdue(self) -> None:
        """End the alerts whose time is over.

        Raises:
            StorageError: the database refused; they are ended the next time.
        """
        async with self._turn:
            at_ms = self._clock.now_ms()
            overdue = {key: change for key, held in self._held.items() if (change := expire(held, at_ms)) is not None}
            if overdue:
                await self._record(overdue, dict.fromkeys(overdue), at_ms)
                self.metrics.expired.inc(len(overdue))

    async def run(self) -> None:
        """End what is overdue, every second until cancelled."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            try:
                await self.end_overdue()
            except StorageError as error:
                log.error("external alerts not ended, trying again", error=error)
            except Exception:
                log.exception("external alerts not ended")  # the evaluation goes on

    async def _record(self, changes: dict[str, Change], after: dict[str, Held | None], at_ms: int) -> None:
        """Commit the changes, then remember; what could not be recorded stays as it was and is tried again."""
        told = [RuleChange(self._rule_key, _name(change), change) for change in changes.values()]
        unrecorded = {one.change.fingerprint for one in await self._recorder.record(told, at_ms)}
        for key, held in after.items():
            if key in unrecorded:
                continue
            if held is None:
                self._held.pop(key, None)
            else:
                self._held[key] = held
        self.metrics.active.set(len(self._held))


def _outcome(held: Held | None, change: Change | None) -> Outcome:
    if held is None:
        return Outcome.UNKNOWN if change is None else Outcome.RESOLVED
    return Outcome.FIRED if change is not None and change.kind is ChangeKind.FIRING else Outcome.REFRESHED


def _name(change: Change) -> str:
    alert = change.after or change.before
    return dict(alert.labels).get("alertname", "external alert") if alert else ""
