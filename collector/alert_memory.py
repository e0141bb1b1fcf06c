"""The alerts that rules remember between evaluations, and what a restart may not conclude from silence."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from collector.pipeline import RuleChange
from core.clock import to_ms
from core.labels import labels
from desk.models import AlertRow
from rules.alerting import Alert, AlertState, Change, ChangeKind

Alerts = Mapping[str, Alert]

# After a start, samples are on their way: senders back off up to a minute and drain what they kept.
HOLD_INSTANCE_MS = 300_000
HOLD_OTHERS_MS = 60_000


@dataclass(frozen=True, slots=True)
class Held:
    """What remains of a step: alerts as they should be remembered, changes to act upon."""

    after: dict[str, Alert]
    changes: list[Change]


class AlertMemory:
    """Active alerts by rule and fingerprint.

    An alert that was restored from the database is not ended by the mere absence of samples: it is held
    until its instance has been heard from since the start, at most `HOLD_INSTANCE_MS` (an alert without an
    instance: `HOLD_OTHERS_MS`).

    Args:
        started_at_ms: when this process began to evaluate.
        heard_since: whether anything arrived for an instance at or after an instant.
    """

    def __init__(self, started_at_ms: int, heard_since: Callable[[str, int], bool]) -> None:
        self._started_at_ms = started_at_ms
        self._heard_since = heard_since
        self._alerts: dict[str, dict[str, Alert]] = {}
        self._names: dict[str, str] = {}
        self._restored: set[tuple[str, str]] = set()

    def restore(self, rows: Iterable[AlertRow]) -> None:
        """Go on from what the database has."""
        for row in rows:
            self._alerts.setdefault(row.rule_key, {})[row.fingerprint] = alert_of(row)
            self._names[row.rule_key] = row.rule
            self._restored.add((row.rule_key, row.fingerprint))

    def of(self, rule_key: str) -> Alerts:
        """The alerts of one rule, by fingerprint."""
        return self._alerts.get(rule_key, {})

    def keep(self, rule_key: str, rule: str, after: dict[str, Alert]) -> None:
        """Remember the outcome of an evaluation."""
        if after:
            self._alerts[rule_key], self._names[rule_key] = after, rule
        else:
            self._alerts.pop(rule_key, None)
            self._names.pop(rule_key, None)

    def hold(self, rule_key: str, after: dict[str, Alert], changes: list[Change], at_ms: int) -> Held:
        """Take back what silence did to restored alerts that nothing has been heard of yet."""
        if not self._restored:
            return Held(after, changes)
        acted: list[Change] = []
        for change in changes:
            before = change.before
            if (
                before is not None
                and _is_missing(change)
                and self._unknown(rule_key, before, change.fingerprint, at_ms)
            ):
                after[change.fingerprint] = before
            else:
                acted.append(change)
                self._restored.discard((rule_key, change.fingerprint))
        return Held(after, acted)

    def without_rule(self, known: Collection[str]) -> list[RuleChange]:
        """The endings of alerts whose rules are no longer there."""
        return [
            RuleChange(key, self._names[key], Change(_ending(alert), fingerprint, alert, None))
            for key, alerts in self._alerts.items()
            if key not in known
            for fingerprint, alert in alerts.items()
        ]

    def forget(self, rule_keys: Iterable[str]) -> None:
        for key in list(rule_keys):
            self.keep(key, "", {})

    def count(self, state: AlertState) -> int:
        """How many alerts are in a state."""
        return sum(alert.state is state for alerts in self._alerts.values() for alert in alerts.values())

    def _unknown(self, rule_key: str, alert: Alert, fingerprint: str, at_ms: int) -> bool:
        if (rule_key, fingerprint) not in self._restored:
            return False
        instance = dict(alert.labels).get("instance")
        elapsed_ms = at_ms - self._started_at_ms
        if instance is None:
            return elapsed_ms < HOLD_OTHERS_MS
        return elapsed_ms < HOLD_INSTANCE_MS and not self._heard_since(instance, self._started_at_ms)


def _is_missing(change: Change) -> bool:
    """Whether the condition was not found: the alert ends, or begins to be kept without it."""
    return change.after is None or change.after.keep_firing_since_ms is not None


def _ending(alert: Alert) -> ChangeKind:
    return ChangeKind.RESOLVED if alert.state is AlertState.FIRING else ChangeKind.CANCELLED


def alert_of(row: AlertRow) -> Alert:
    """The alert that a row of the database stands for."""
    return Alert(
        labels=labels(row.labels),
        state=AlertState(row.state.value),
        active_at_ms=to_ms(row.active_at),
        fired_at_ms=None if row.fired_at is None else to_ms(row.fired_at),
        keep_firing_since_ms=None if row.keep_firing_since is None else to_ms(row.keep_firing_since),
        value=math.nan if row.value is None else row.value,
        annotations=dict(row.annotations),
    )
