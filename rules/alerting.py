"""The life of alerts, exactly as Prometheus has it: inactive → pending → firing → inactive.

    step = step(rule, before, vector, at_ms)

An alert is pending from the first evaluation that yields its labels and fires as soon as it has been so for
`for`; with `keep_firing_for` it goes on firing that long after the condition went. Pure: what is remembered
between evaluations goes in as `before` and comes out as `after`.

Where this departs from Prometheus, and why: a rule over its limit, or whose labels clash, changes nothing that fires
(Prometheus forgets all its alerts when the limit is exceeded), because a failing rule says nothing about recovery.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from core.labels import METRIC_NAME, Labels, labels
from rules.description import Descriptions, is_same
from rules.promql.plan import Expression
from rules.promql.vector import Vector
from rules.template import Template
from rules.template_values import Context

_NO_CONTEXT = Context()


class AlertState(enum.StrEnum):
    PENDING = "pending"
    FIRING = "firing"


class ChangeKind(enum.StrEnum):
    """Why an alert's state is not what it was."""

    PENDING = "pending"  # the condition holds; `for` has not passed
    FIRING = "firing"
    RESOLVED = "resolved"  # it fired, and the condition has gone
    CANCELLED = "cancelled"  # the condition went while it was pending
    KEPT = "kept"  # the condition went and it keeps firing, or came back meanwhile


@dataclass(frozen=True, slots=True)
class Alert:
    """One active alert.

    Attributes:
        labels: of the series, without its name, with `alertname` and the rule's labels.
        active_at_ms: when the condition was first seen.
        fired_at_ms: when it began to fire; None while pending.
        keep_firing_since_ms: when the condition was first missed while firing; None while it holds.
        value: of the last evaluation that yielded it.
        annotations: of that evaluation.
    """

    labels: Labels
    state: AlertState
    active_at_ms: int
    fired_at_ms: int | None
    keep_firing_since_ms: int | None
    value: float
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True)
class AlertingRule:
    """An alerting rule as read from a file.

    Attributes:
        key: identity that outlives a reload: group, name and labels.
        for_seconds, keep_firing_for_seconds: zero when not given.
        labels, annotations: by name, as templates.
        recover: must hold before the alert clears (`forewatch_recover`); None when not given.
        file, line: where the rule stands.
        descriptions: what alerts are called; remembered, so a rule is for one thread.
    """

    key: str
    name: str
    expression: Expression
    for_seconds: float = 0.0
    keep_firing_for_seconds: float = 0.0
    labels: Mapping[str, Template] = field(default_factory=dict)
    annotations: Mapping[str, Template] = field(default_factory=dict)
    recover: Expression | None = None
    file: str = ""
    line: int = 0
    descriptions: Descriptions = field(default_factory=Descriptions, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one alert's state; `before` is None when it is new, `after` when it is no more."""

    kind: ChangeKind
    fingerprint: str
    before: Alert | None
    after: Alert | None


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome of one evaluation.

    Attributes:
        after: active alerts by fingerprint of their labels; pass it as `before` the next time.
        changes: what is to be acted upon, in order of fingerprint.
        error: what is wrong with the rule's result; None when it was good.
    """

    after: dict[str, Alert]
    changes: list[Change]
    error: str | None = None


def step(
    rule: AlertingRule,
    before: Mapping[str, Alert],
    vector: Vector,
    at_ms: int,
    *,
    limit: int = 0,
    recover: Vector | None = None,
    context: Context = _NO_CONTEXT,
) -> Step:
    """Evaluate the states of one rule's alerts.

    Args:
        rule: the rule.
        before: the alerts of the last evaluation, or those restored after a restart.
        vector: the result of `rule.expression` at `at_ms`.
        at_ms: the evaluation's instant, epoch milliseconds.
        limit: how many alerts the rule may have; 0 is no limit.
        recover: the result of `rule.recover` at `at_ms`. An alert clears only when an element of it agrees with the
            alert in all label names they share; None (no such expression) holds for every alert.
        context: what templates may refer to beyond the alert, such as queries.
    """
    try:
        found = _found(rule, before, vector, at_ms, context)
    except _SameLabels as clash:
        return Step(dict(before), [], str(clash))
    after: dict[str, Alert] = {}
    for key in sorted({*before, *found}):
        alert = _present(rule, found[key], at_ms) if key in found else _missing(rule, before[key], at_ms, recover)
        if alert is not None:
            after[key] = alert
    if 0 < limit < len(after):
        firing = {key: alert for key, alert in before.items() if alert.state is AlertState.FIRING}
        return Step(firing, _changes(before, firing), f"exceeded limit of {limit} with {len(after)} alerts")
    return Step(after, _changes(before, after))


class _SameLabels(Exception):  # noqa: N818 - never leaves this module
    pass


def _found(
    rule: AlertingRule, before: Mapping[str, Alert], vector: Vector, at_ms: int, context: Context
) -> dict[str, Alert]:
    """The alerts that the result calls for, states as they were; new ones are pending."""
    found: dict[str, Alert] = {}
    for one in rule.descriptions.of(rule.name, rule.labels, rule.annotations, vector, context):
        if one.key in found:
            raise _SameLabels("vector contains metrics with the same labelset after applying alert labels")
        known = before.get(one.key)
        if known is None:
            found[one.key] = Alert(one.labels, AlertState.PENDING, at_ms, None, None, one.value, one.annotations)
        elif known.annotations is one.annotations and is_same(known.value, one.value):
            found[one.key] = known
        else:
            found[one.key] = replace(known, value=one.value, annotations=one.annotations)
    return found


def _present(rule: AlertingRule, alert: Alert, at_ms: int) -> Alert:
    if alert.keep_firing_since_ms is not None:
        alert = replace(alert, keep_firing_since_ms=None)
    if alert.state is AlertState.PENDING and at_ms < alert.active_at_ms:
        alert = replace(
            alert, active_at_ms=at_ms
        )  # the clock was set back: the wait begins again, it is not made longer
    if alert.state is AlertState.PENDING and at_ms - alert.active_at_ms >= rule.for_seconds * 1000:
        return replace(alert, state=AlertState.FIRING, fired_at_ms=at_ms)
    return alert


def _missing(rule: AlertingRule, alert: Alert, at_ms: int, recover: Vector | None) -> Alert | None:
    if alert.state is AlertState.PENDING:
        return None
    since = at_ms if alert.keep_firing_since_ms is None else min(alert.keep_firing_since_ms, at_ms)
    kept = at_ms - since < rule.keep_firing_for_seconds * 1000
    if not kept and (recover is None or _recovered(alert, recover)):
        return None
    return replace(alert, keep_firing_since_ms=since)


def _recovered(alert: Alert, recover: Vector) -> bool:
    own = dict(alert.labels)
    return any(
        all(own.get(name, value) == value for name, value in series if name != METRIC_NAME) for series in recover.labels
    )


def _changes(before: Mapping[str, Alert], after: Mapping[str, Alert]) -> list[Change]:
    changes = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        kind = _kind(old, new)
        if kind is not None:
            changes.append(Change(kind, key, old, new))
    return changes


def _kind(old: Alert | None, new: Alert | None) -> ChangeKind | None:
    if new is None:
        pending = old is not None and old.state is AlertState.PENDING
        return ChangeKind.CANCELLED if pending else ChangeKind.RESOLVED
    if old is None or old.state is not new.state:
        return ChangeKind.FIRING if new.state is AlertState.FIRING else ChangeKind.PENDING
    if (old.keep_firing_since_ms is None) is not (new.keep_firing_since_ms is None):
        return ChangeKind.KEPT
    return None


def alert_series(alerts: Iterable[Alert]) -> dict[Labels, float]:
    """`ALERTS` and `ALERTS_FOR_STATE` of some alerts, as Prometheus writes them."""
    series = {}
    for alert in alerts:
        series[labels(alert.labels, **{METRIC_NAME: "ALERTS", "alertstate": alert.state.value})] = 1.0
        series[labels(alert.labels, **{METRIC_NAME: "ALERTS_FOR_STATE"})] = alert.active_at_ms / 1000
    return series
