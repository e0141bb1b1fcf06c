"""The life of an external alert: it fires while it is refreshed or until its end, then it is over.

Pure. What has to outlive a restart rides in the alert's annotations, because that is where it is recorded: an end
further away than a restart is waited out anyway.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from collector.external_alerts.posted import RESOLVE_TIMEOUT_MS, Occurrence
from core.clock import from_rfc3339, to_rfc3339
from core.labels import fingerprint
from rules.alerting import Alert, AlertState, Change, ChangeKind

ENDS_AT = "forewatch_ends_at"  # the annotation of an alert that says itself when it ends


@dataclass(frozen=True, slots=True)
class Held:
    """An external alert that fires, and when it is over unless something is heard of it."""

    alert: Alert
    ends_at_ms: int


def take(before: Held | None, said: Occurrence, at_ms: int) -> tuple[Held | None, Change | None]:
    """What becomes of an alert (None: it does not fire) when something is said of it; the change to record, if any."""
    key = fingerprint(said.labels)
    if said.ends_at_ms <= at_ms:
        if before is None or said.ends_at_ms < before.alert.active_at_ms:  # an end that was late on its way
            return before, None
        return None, Change(ChangeKind.RESOLVED, key, before.alert, None)
    annotations = {name: text for name, text in said.annotations.items() if name != ENDS_AT}
    if said.ends_at_ms > at_ms + RESOLVE_TIMEOUT_MS:
        annotations[ENDS_AT] = to_rfc3339(said.ends_at_ms)
    if before is None:
        alert = Alert(said.labels, AlertState.FIRING, said.starts_at_ms, at_ms, None, math.nan, annotations)
        return Held(alert, said.ends_at_ms), Change(ChangeKind.FIRING, key, None, alert)
    alert = replace(before.alert, annotations=annotations)
    known, told = before.alert.annotations.get(ENDS_AT), annotations.get(ENDS_AT)
    change = None if known == told else Change(ChangeKind.KEPT, key, before.alert, alert)
    return Held(alert, said.ends_at_ms), change


def expire(held: Held, at_ms: int) -> Change | None:
    """The end of an alert that nobody refreshed, None while there is time."""
    if held.ends_at_ms > at_ms:
        return None
    return Change(ChangeKind.RESOLVED, fingerprint(held.alert.labels), held.alert, None)


def restored(alert: Alert, at_ms: int) -> Held:
    """An alert after a restart: its sender gets the time to refresh it that it would have had."""
    ends_at_ms = at_ms + RESOLVE_TIMEOUT_MS
    if ENDS_AT in alert.annotations:
        ends_at_ms = max(ends_at_ms, from_rfc3339(alert.annotations[ENDS_AT]))
    return Held(alert, ends_at_ms)
