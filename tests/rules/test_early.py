from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels import labels
from rules.alerting import AlertingRule, AlertState, ChangeKind, step
from rules.early import fire, may_fire
from rules.promql.parse import parse
from rules.promql.vector import Vector

START = 1_770_000_000_000
RULE = AlertingRule("k", "Down", parse("up == 0"))
PATIENT = replace(RULE, for_seconds=3.0, keep_firing_for_seconds=5.0)


def seen(*instances: str) -> Vector:
    return Vector([labels(__name__="up", instance=one) for one in instances], np.zeros(len(instances)))


def test_what_has_no_for_fires_at_once() -> None:
    outcome = fire(RULE, {}, seen("a"), START)
    [change] = outcome.changes
    assert (change.kind, change.after.fired_at_ms) == (ChangeKind.FIRING, START)


def test_what_has_a_for_does_not_begin_to_wait() -> None:
    assert fire(PATIENT, {}, seen("a"), START).after == {}


@pytest.mark.parametrize(("waited_ms", "fires"), [(2999, False), (3000, True)])
def test_what_has_waited_fires_when_the_wait_is_over_and_not_before(waited_ms, fires) -> None:
    before = step(PATIENT, {}, seen("a"), START).after
    assert may_fire(PATIENT, before, START + waited_ms) is fires
    [alert] = fire(PATIENT, before, seen("a"), START + waited_ms).after.values()
    assert (alert.state is AlertState.FIRING) is fires


def test_nothing_that_is_missing_is_over() -> None:
    firing = step(RULE, {}, seen("a"), START).after
    pending = step(PATIENT, {}, seen("b"), START).after
    assert fire(RULE, firing, seen(), START + 500).after == firing
    assert fire(PATIENT, pending, seen(), START + 500).after == pending


def test_what_is_kept_firing_goes_on_being_kept_until_the_rhythm_says_otherwise() -> None:
    rule = replace(RULE, keep_firing_for_seconds=5.0)
    firing = step(rule, {}, seen("a"), START).after
    kept = step(rule, firing, seen(), START + 1000).after
    assert fire(rule, kept, seen("a"), START + 1500).after == kept


@pytest.mark.parametrize(
    ("vector", "limit", "reason"),
    [
        (seen("a", "b"), 1, "more than the limit allows"),
        (Vector([labels(a="1", __name__="x"), labels(a="1", __name__="y")], np.zeros(2)), 0, "labels that clash"),
    ],
)
def test_a_rule_that_goes_wrong_changes_nothing(vector, limit, reason) -> None:
    outcome = fire(RULE, {}, vector, START, limit=limit)
    assert (outcome.after, outcome.changes) == ({}, []), reason


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.sets(st.sampled_from("abc"))), max_size=20),
    st.sampled_from([0.0, 1.0, 3.0]),
)
def test_looks_in_between_never_end_anything_nor_shorten_a_wait(looks, for_seconds) -> None:
    """Against the rhythm alone: whatever it has firing fires with looks too, and no wait begins at another instant."""
    rule = replace(RULE, for_seconds=for_seconds, keep_firing_for_seconds=2.0)
    plain, mixed = {}, {}
    for second, (tenth, instances) in enumerate(looks):
        at_ms = START + second * 1000
        plain, mixed = (step(rule, one, seen(*sorted(instances)), at_ms).after for one in (plain, mixed))
        assert plain.keys() <= mixed.keys()
        early = fire(rule, mixed, seen(*sorted(instances)), at_ms + tenth * 100).after
        assert mixed.keys() <= early.keys()
        for key, alert in early.items():
            if for_seconds and key in plain:
                assert alert.active_at_ms == plain[key].active_at_ms
            if alert.fired_at_ms is not None:
                assert alert.fired_at_ms - alert.active_at_ms >= for_seconds * 1000
        mixed = early
