from __future__ import annotations

from dataclasses import replace

import pytest

from collector.alert_memory import HOLD_INSTANCE_MS, HOLD_OTHERS_MS, AlertMemory
from core.clock import to_datetime
from core.labels import fingerprint, labels
from desk.alert import AlertState as RecordedState
from desk.models import AlertRow
from rules.alerting import AlertState, Change, ChangeKind

START = 1_770_000_000_000


def restored(heard: bool, **of: str) -> tuple[AlertMemory, Change]:
    """A memory that a firing alert was restored into, and the change that ends it."""
    memory = AlertMemory(START, lambda _instance, _since: heard)
    own = labels(of, alertname="Down")
    row = AlertRow(
        rule_key="k", rule="Down", fingerprint=fingerprint(own), labels=dict(own), annotations={},
        state=RecordedState.FIRING,
        value=None, active_at=to_datetime(START - 60_000), fired_at=to_datetime(START - 30_000), keep_firing_since=None,
    )  # fmt: skip
    memory.restore([row])
    [alert] = memory.of("k").values()
    return memory, Change(ChangeKind.RESOLVED, fingerprint(own), alert, None)


@pytest.mark.parametrize(
    ("heard", "of", "after_ms", "held", "reason"),
    [
        (False, {"instance": "web-1"}, 1000, True, "silence right after a start is no recovery"),
        (False, {"instance": "web-1"}, HOLD_INSTANCE_MS, False, "after five minutes Prometheus would call it gone too"),
        (True, {"instance": "web-1"}, 1000, False, "the instance has spoken: the recovery is real"),
        (True, {}, 1000, True, "without an instance nobody can have spoken"),
        (True, {}, HOLD_OTHERS_MS, False, "but not for long"),
    ],
)
def test_a_restored_alert_is_not_ended_by_silence(heard, of, after_ms, held, reason) -> None:
    memory, ending = restored(heard, **of)
    outcome = memory.hold("k", {}, [ending], START + after_ms)
    assert (outcome.changes == []) is held, reason
    assert (outcome.after == memory.of("k")) is held


def test_keep_firing_for_does_not_begin_with_silence_after_a_start() -> None:
    memory, ending = restored(heard=False, instance="web-1")
    kept = replace(ending.before, keep_firing_since_ms=START + 1000)
    missed = Change(ChangeKind.KEPT, ending.fingerprint, ending.before, kept)
    held = memory.hold("k", {ending.fingerprint: kept}, [missed], START + 1000)
    assert (held.changes, held.after) == ([], memory.of("k"))
    memory._heard_since = lambda _instance, _since: True
    held = memory.hold("k", {ending.fingerprint: kept}, [missed], START + 2000)
    assert (held.changes, held.after) == ([missed], {ending.fingerprint: kept})


def test_an_alert_that_ended_once_is_no_longer_a_restored_one() -> None:
    memory, ending = restored(heard=True, instance="web-1")
    memory.hold("k", {}, [ending], START + 1000)
    memory._heard_since = lambda _instance, _since: False
    assert memory.hold("k", {}, [ending], START + 2000).changes == [ending]


def test_alerts_whose_rule_is_gone_end() -> None:
    memory, ending = restored(heard=True, instance="web-1")
    assert memory.without_rule({"k"}) == []
    [one] = memory.without_rule(set())
    assert (one.rule_key, one.rule, one.change) == ("k", "Down", ending)
    assert memory.count(AlertState.FIRING) == 1
    memory.forget(["k"])
    assert (memory.of("k"), memory.count(AlertState.FIRING)) == ({}, 0)
