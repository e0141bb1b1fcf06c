"""Evaluation between two ticks: what has just begun is not kept waiting, and nothing else changes.

The rhythm of a group belongs to `rules.alerting.step`: there alerts become pending, are kept firing and end, as in
Prometheus. An evaluation in between may do one thing only, let an alert fire that is due to fire: at once for a rule
without `for`, and for another one when it was pending for so long already. No wait begins or ends early, so none is
shortened by what happened between two ticks, and nothing that an early evaluation misses is taken for gone.
"""

from __future__ import annotations

from collections.abc import Mapping

from rules.alerting import Alert, AlertingRule, AlertState, ChangeKind, Step, step
from rules.promql.vector import Vector
from rules.template_values import Context

_NO_CONTEXT = Context()


def may_fire(rule: AlertingRule, before: Mapping[str, Alert], at_ms: int) -> bool:
    """Whether an early evaluation of the rule can come to anything at all."""
    if rule.for_seconds == 0:
        return True
    due_ms = at_ms - rule.for_seconds * 1000
    return any(alert.state is AlertState.PENDING and alert.active_at_ms <= due_ms for alert in before.values())


def fire(
    rule: AlertingRule,
    before: Mapping[str, Alert],
    vector: Vector,
    at_ms: int,
    *,
    limit: int = 0,
    context: Context = _NO_CONTEXT,
) -> Step:
    """Of what `rules.alerting.step` would change, only what begins to fire; a rule that goes wrong changes nothing."""
    full = step(rule, before, vector, at_ms, limit=limit, context=context)
    if full.error is not None:
        return Step(dict(before), [], full.error)
    changes = [change for change in full.changes if change.kind is ChangeKind.FIRING]
    fired = {change.fingerprint: change.after for change in changes if change.after is not None}
    return Step({**before, **fired}, changes)
