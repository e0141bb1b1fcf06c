"""The life of alerts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.labels import Labels, fingerprint, labels
from rules.alerting import Alert, AlertingRule, AlertState, Change, ChangeKind, Step, step
from rules.memory import MemorySource
from rules.promql.evaluate import Evaluator
from rules.promql.parse import parse
from rules.promql.vector import Vector
from rules.template import Template
from rules.template_values import Context

CORE_1 = labels(__name__="up", instance="core-1", job="snmp")
CORE_2 = labels(__name__="up", instance="core-2", job="snmp")


def rule(for_seconds: float = 0, keep_seconds: float = 0, **more: object) -> AlertingRule:
    severity = {"severity": Template("critical")}
    return AlertingRule("k", "Down", parse("up == 0"), for_seconds, keep_seconds, **({"labels": severity} | more))


def vector(*rows: Labels, value: float = 0.0) -> Vector:
    return Vector(list(rows), np.full(len(rows), value))


NOTHING = vector()


def run(of: AlertingRule, *evaluations: tuple[int, Vector]) -> list[Step]:
    """The steps of evaluations at instants in seconds."""
    before: dict[str, Alert] = {}
    steps = []
    for at, result in evaluations:
        steps.append(step(of, before, result, at * 1000))
        before = steps[-1].after
    return steps


def kinds(steps: list[Step]) -> list[list[ChangeKind]]:
    return [[change.kind for change in one.changes] for one in steps]


PENDING, FIRING, RESOLVED = ChangeKind.PENDING, ChangeKind.FIRING, ChangeKind.RESOLVED
CANCELLED, KEPT = ChangeKind.CANCELLED, ChangeKind.KEPT
BAD = vector(CORE_1)


@pytest.mark.parametrize(
    ("for_seconds", "keep_seconds", "evaluations", "expected", "reason"),
    [
        (0, 0, [(0, BAD)], [[FIRING]], "without `for` the first evaluation fires"),
        (30, 0, [(0, BAD), (29, BAD)], [[PENDING], []], "a second too early"),
        (30, 0, [(0, BAD), (30, BAD)], [[PENDING], [FIRING]], "fires when `for` has passed, not after it"),
        (30, 0, [(0, BAD), (95, BAD)], [[PENDING], [FIRING]], "a late evaluation counts the time since the first"),
        (30, 0, [(0, BAD), (10, NOTHING)], [[PENDING], [CANCELLED]], "gone while pending"),
        (30, 0, [(9000, BAD), (10, BAD), (39, BAD), (40, BAD)], [[PENDING], [], [], [FIRING]],
         "a clock that is set back lengthens `for` by nothing"),
        (0, 30, [(8990, BAD), (9000, NOTHING), (10, NOTHING), (39, NOTHING), (40, NOTHING)],
         [[FIRING], [KEPT], [], [], [RESOLVED]], "nor `keep_firing_for`"),
        (30, 0, [(0, BAD), (10, NOTHING), (20, BAD), (45, BAD), (50, BAD)],
         [[PENDING], [CANCELLED], [PENDING], [], [FIRING]], "`for` starts anew after a gap"),
        (0, 0, [(0, BAD), (1, NOTHING)], [[FIRING], [RESOLVED]], "gone while firing"),
        (0, 60, [(0, BAD), (1, NOTHING), (60, NOTHING), (61, NOTHING)],
         [[FIRING], [KEPT], [], [RESOLVED]], "kept for keep_firing_for since it was first missed"),
        (0, 60, [(0, BAD), (1, NOTHING), (30, BAD), (31, NOTHING), (90, NOTHING), (91, NOTHING)],
         [[FIRING], [KEPT], [KEPT], [KEPT], [], [RESOLVED]], "coming back starts keeping anew"),
        (30, 60, [(0, BAD), (10, NOTHING)], [[PENDING], [CANCELLED]], "pending alerts are not kept"),
        (0, 0, [(0, BAD), (1, vector(CORE_1, CORE_2)), (2, vector(CORE_2))],
         [[FIRING], [FIRING], [RESOLVED]], "each series has its own alert"),
    ],
)  # fmt: skip
def test_an_alert_goes_from_inactive_over_pending_to_firing_and_back(
    for_seconds: float,
    keep_seconds: float,
    evaluations: list[tuple[int, Vector]],
    expected: list[list[ChangeKind]],
    reason: str,
) -> None:
    assert kinds(run(rule(for_seconds, keep_seconds), *evaluations)) == expected, reason


def test_the_labels_are_those_of_the_series_without_its_name_the_alerts_name_and_the_rules() -> None:
    of = rule(
        labels={"severity": Template("critical"), "instance": Template("{{ $labels.job }}/{{ $labels.instance }}")}
    )
    (alert,) = step(of, {}, BAD, 0).after.values()
    assert alert.labels == labels(alertname="Down", instance="snmp/core-1", job="snmp", severity="critical")


def test_a_label_that_becomes_empty_is_left_out() -> None:
    (alert,) = step(rule(labels={"job": Template("")}), {}, BAD, 0).after.values()
    assert alert.labels == labels(alertname="Down", instance="core-1")


def test_value_and_annotations_are_those_of_the_last_evaluation_that_yielded_the_alert() -> None:
    of = rule(0, 60, annotations={"summary": Template("now {{ $value }}")})
    first = step(of, {}, vector(CORE_1, value=1.0), 0)
    second = step(of, first.after, vector(CORE_1, value=2.5), 1000)
    kept = step(of, second.after, NOTHING, 2000)
    assert [next(iter(one.after.values())).annotations["summary"] for one in (first, second, kept)] == [
        "now 1", "now 2.5", "now 2.5",
    ]  # fmt: skip
    assert next(iter(kept.after.values())).value == 2.5


def test_an_alert_remembers_when_it_became_active_and_fired() -> None:
    alert = next(iter(run(rule(30), (100, BAD), (115, BAD), (131, BAD))[-1].after.values()))
    assert (alert.active_at_ms, alert.fired_at_ms, alert.state) == (100_000, 131_000, AlertState.FIRING)


def test_a_restored_alert_goes_on_where_it_stood() -> None:
    own = labels(alertname="Down", instance="core-1", job="snmp", severity="critical")
    restored = Alert(own, AlertState.PENDING, 1_000, None, None, 0.0, {})
    result = step(rule(30), {fingerprint(own): restored}, BAD, 31_000)
    assert [change.kind for change in result.changes] == [FIRING]


def test_two_results_with_the_same_labels_are_an_error_and_change_nothing() -> None:
    of = rule(labels={"instance": Template("all")})
    before = step(of, {}, BAD, 0).after
    result = step(of, before, vector(CORE_1, CORE_2), 1000)
    assert result == Step(before, [], "vector contains metrics with the same labelset after applying alert labels")


def test_over_its_limit_a_rule_keeps_what_fires_and_forgets_what_is_pending() -> None:
    of = rule(30)
    firing = run(of, (0, BAD), (30, BAD))[-1].after
    pending = step(of, firing, vector(CORE_1, CORE_2), 31_000, limit=2)
    assert pending.error is None
    core_3 = labels(__name__="up", instance="core-3")
    result = step(of, pending.after, vector(CORE_1, CORE_2, core_3), 32_000, limit=2)
    assert result.error == "exceeded limit of 2 with 3 alerts"
    assert result.after == firing
    assert [change.kind for change in result.changes] == [CANCELLED]


@pytest.mark.parametrize(
    ("recover", "cleared", "reason"),
    [
        (vector(labels(instance="core-1")), True, "the expression holds for the alert's instance"),
        (vector(labels(__name__="up", instance="core-1", job="snmp", x="y")), True, "only common label names count"),
        (vector(labels(instance="core-2")), False, "it holds for another"),
        (vector(()), True, "an element without labels holds for every alert"),
        (NOTHING, False, "it does not hold"),
        (None, True, "the rule has no such expression"),
    ],
)
def test_an_alert_clears_only_when_its_recovery_holds(recover: Vector | None, cleared: bool, reason: str) -> None:
    before = step(rule(), {}, BAD, 0).after
    result = step(rule(), before, NOTHING, 1000, recover=recover)
    assert [change.kind for change in result.changes] == ([RESOLVED] if cleared else [KEPT]), reason


def test_an_alert_waits_for_keep_firing_for_and_for_its_recovery() -> None:
    of, good = rule(0, 60), vector(())
    before = step(of, {}, BAD, 0).after
    kept = step(of, before, NOTHING, 1_000, recover=good)
    still = step(of, kept.after, NOTHING, 61_000, recover=NOTHING)
    gone = step(of, still.after, NOTHING, 62_000, recover=good)
    assert kinds([kept, still, gone]) == [[KEPT], [], [RESOLVED]]


def test_a_change_shows_the_alert_before_and_after() -> None:
    first, second = run(rule(), (0, BAD), (1, NOTHING))
    (key, alert), = first.after.items()  # fmt: skip
    assert first.changes == [Change(FIRING, key, None, alert)]
    assert second.changes == [Change(RESOLVED, key, alert, None)]


HISTORIES = st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=30)


@given(HISTORIES, st.integers(0, 40), st.integers(0, 40))
def test_changes_account_for_every_difference_between_before_and_after(
    history: list[tuple[int, bool]], for_seconds: int, keep_seconds: int
) -> None:
    of, at, before = rule(for_seconds, keep_seconds), 0, dict[str, Alert]()
    for gap, bad in history:
        at += gap
        result = step(of, before, BAD if bad else NOTHING, at * 1000)
        replayed = dict(before)
        for change in result.changes:
            assert before.get(change.fingerprint) == change.before
            if change.after is None:
                del replayed[change.fingerprint]
            else:
                replayed[change.fingerprint] = change.after
        assert replayed == result.after
        before = result.after


@given(HISTORIES, st.integers(0, 40), st.integers(0, 40))
def test_an_alert_fires_and_clears_as_the_definition_says(
    history: list[tuple[int, bool]], for_seconds: int, keep_seconds: int
) -> None:
    """Against a second formulation: unbroken runs of the condition, and gaps bridged by keep_firing_for."""
    of, at, before = rule(for_seconds, keep_seconds), 0, dict[str, Alert]()
    began: int | None = None
    missed: int | None = None
    firing = False
    for gap, bad in history:
        at += gap
        if bad:
            began, missed = at if began is None else began, None
            firing = firing or at - began >= for_seconds
        elif firing:
            missed = at if missed is None else missed
            if at - missed >= keep_seconds:
                firing, began, missed = False, None, None
        else:
            began = None
        before = step(of, before, BAD if bad else NOTHING, at * 1000).after
        states = [alert.state for alert in before.values()]
        assert states == ([] if began is None else [AlertState.FIRING if firing else AlertState.PENDING])


class Counting(Template):
    """A template that tells how often it was expanded."""

    expansions = 0

    def expand(self, *args: Any) -> str:
        Counting.expansions += 1
        return super().expand(*args)


@pytest.mark.parametrize(
    ("text", "values", "expanded", "reason"),
    [
        ("{{ $labels.instance }}", [0.0, 0.0, 0.0], 1, "nothing has changed"),
        ("{{ $value }}", [1.0, 1.0, 2.0, 2.0, 1.0], 3, "as often as the value changes"),
        ("{{ $value }}", [0.0, -0.0, 0.0], 3, "the sign of nothing is written"),
        ("{{ $value }}", [math.nan, math.nan], 2, "NaN is equal to no other"),
        ("{{ query `time()` | first | value }}", [1.0, 1.0], 2, "other samples change though the series does not"),
        ("{{ $externalLabels.site }}", [1.0, 1.0], 2, "what surrounds an evaluation is its own"),
    ],
)
def test_a_template_is_expanded_again_when_it_may_say_something_else(
    text: str, values: list[float], expanded: int, reason: str
) -> None:
    of, before, said = rule(annotations={"summary": Counting(text)}), {}, []
    Counting.expansions = 0
    for second, value in enumerate(values):
        at_ms = second * 1000
        moment = Evaluator(MemorySource()).moment(at_ms)
        context = Context(moment.result, {"site": str(second)})
        before = step(of, before, vector(CORE_1, value=value), at_ms, context=context).after
        [alert] = before.values()
        said.append(alert.annotations["summary"])
        assert alert.value == value or math.isnan(value)
        assert said[-1] == Template(text).expand(CORE_1, value, context)
    assert Counting.expansions == expanded, reason


def test_labels_made_of_values_change_with_them() -> None:
    of, before = rule(labels={"level": Template("{{ $value }}")}), {}
    for value in (1.0, 1.0, 2.0, 1.0):
        before = step(of, before, vector(CORE_1, value=value), 0).after
        [alert] = before.values()
        assert dict(alert.labels)["level"] == f"{value:g}"


def test_an_alert_that_is_as_it_was_is_the_same_object() -> None:
    of = rule()
    first = step(of, {}, BAD, 0).after
    [one], [other] = first.values(), step(of, first, BAD, 1000).after.values()
    assert one is other
