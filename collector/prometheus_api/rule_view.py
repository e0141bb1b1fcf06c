"""Rules and alerts as Prometheus shows them in JSON."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from collector.prometheus_api.answer import value as spell
from collector.rule_health import Evaluated, RuleHealth
from core.clock import to_datetime
from rules.alerting import Alert, AlertingRule, AlertState
from rules.files import Group, Rule, RuleSet

_NEVER = "0001-01-01T00:00:00Z"  # Go's zero time


class Evaluations(Protocol):
    """What is shown of the evaluation; `collector.tick.Tick` has it."""

    @property
    def rules(self) -> RuleSet: ...

    @property
    def health(self) -> RuleHealth: ...

    def alerts_of(self, rule: AlertingRule) -> Mapping[str, Alert]:
        """The active alerts of a rule by fingerprint."""
        ...

    def interval_seconds(self, group: Group) -> float: ...


def show_group(group: Group, rules: list[dict[str, Any]], evaluations: Evaluations) -> dict[str, Any]:
    """A group with those of its rules that were asked for."""
    return {
        "name": group.name,
        "file": group.file,
        "interval": evaluations.interval_seconds(group),
        "limit": group.limit,
        "rules": rules,
        **_last(evaluations.health.of_group(group)),
    }


def show_rule(rule: Rule, evaluations: Evaluations, *, with_alerts: bool) -> dict[str, Any]:
    """An alerting or recording rule, its texts as they were written."""
    last = evaluations.health.of_rule(rule)
    shown: dict[str, Any] = {"health": "unknown" if last is None else "err" if last.error else "ok", **_last(last)}
    if last is not None and last.error:
        shown["lastError"] = last.error
    if not isinstance(rule, AlertingRule):
        return {"name": rule.record, "query": rule.expression.text, "labels": dict(rule.labels), **shown,
                "type": "recording"}  # fmt: skip
    alerts = evaluations.alerts_of(rule).values()
    active = sorted(alerts, key=lambda alert: alert.labels) if with_alerts else []
    return {
        "state": rule_state(alerts),
        "name": rule.name,
        "query": rule.expression.text,
        "duration": rule.for_seconds,
        "keepFiringFor": rule.keep_firing_for_seconds,
        "labels": rule_labels(rule),
        "annotations": {name: template.text for name, template in rule.annotations.items()},
        "alerts": [show_alert(alert) for alert in active],
        **shown,
        "type": "alerting",
    }


def show_alert(alert: Alert) -> dict[str, Any]:
    """One active alert."""
    shown = {
        "labels": dict(alert.labels),
        "annotations": alert.annotations,
        "state": alert.state.value,
        "activeAt": instant(alert.active_at_ms),
        "value": exponential(alert.value),
    }
    if alert.keep_firing_since_ms is not None:
        shown["keepFiringSince"] = instant(alert.keep_firing_since_ms)
    return shown


def rule_state(alerts: Iterable[Alert]) -> str:
    """The worst state of a rule's alerts; `inactive` without any."""
    states = {alert.state for alert in alerts}
    worst = (state for state in (AlertState.FIRING, AlertState.PENDING) if state in states)
    return str(next(worst, "inactive"))


def rule_labels(rule: Rule) -> dict[str, str]:
    """The labels of a rule as they were written."""
    if isinstance(rule, AlertingRule):
        return {name: template.text for name, template in rule.labels.items()}
    return dict(rule.labels)


def instant(at_ms: int) -> str:
    """RFC 3339 as Go writes it: no more digits than there are."""
    at = to_datetime(at_ms)
    text = at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{at.microsecond:06d}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def exponential(number: float) -> str:
    """A number as Go's strconv.FormatFloat(number, 'e', -1, 64) has it: the fewest digits, an exponent always."""
    if math.isnan(number) or math.isinf(number):
        return spell(number)
    decimal = Decimal(repr(number)).normalize()
    sign, digits, _ = decimal.as_tuple()
    first, rest = str(digits[0]), "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{first}{'.' if rest else ''}{rest}e{decimal.adjusted():+03d}"


def _last(last: Evaluated | None) -> dict[str, Any]:
    if last is None:
        return {"evaluationTime": 0.0, "lastEvaluation": _NEVER}
    return {"evaluationTime": last.seconds, "lastEvaluation": instant(last.at_ms)}
