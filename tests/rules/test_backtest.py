"""Replays of constructed histories, with what is to come of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from core.labels import labels
from rules.alerting import AlertingRule
from rules.backtest import Report, Span, backtest, schedule
from rules.files import Group, loads
from rules.memory import MemorySource
from rules.paging import Page

START = 1_760_000_400_000  # a full hour
STEP = 15_000
HALF_HOUR = 1_800_000

RULE = """
groups:
  - name: g
    rules:
      - alert: Down
        expr: up == 0
"""


def history(courses: Mapping[str, str], step_ms: int = STEP) -> MemorySource:
    """`up` of each instance: a digit a step, a dot where there is no sample."""
    source = MemorySource()
    for instance, course in courses.items():
        samples = [(START + at * step_ms, float(value)) for at, value in enumerate(course) if value != "."]
        source.append(labels(__name__="up", instance=instance), samples)
    return source


def replay(rules: str, source: MemorySource, steps: int, step_ms: int = STEP, since: int = START) -> Report:
    span = Span(since, START + steps * step_ms)
    return backtest(source, loads(rules), span, reopen_within_ms=HALF_HOUR)


def firings(report: Report, rule: int = 0) -> list[tuple[int, int | None, Page]]:
    """Start and end in steps of 15 s."""
    return [
        (
            (firing.started_ms - START) // STEP,
            None if firing.ended_ms is None else (firing.ended_ms - START) // STEP,
            firing.page,
        )
        for firing in report.rules[rule].firings
    ]


@pytest.mark.parametrize(
    ("more", "course", "expected", "why"),
    [
        ("", "1110011", [(3, 5, Page.OPENED)], "fires at the first sample and ends at the first good one"),
        ("", "1111111", [], "nothing was down"),
        ("", "1100", [(2, None, Page.OPENED)], "still down at the end"),
        ("for: 30s", "11000011", [(4, 6, Page.OPENED)], "two intervals of waiting"),
        ("for: 30s", "11001111", [], "gone before the time was over"),
        ("for: 30s", "110010001", [(7, 8, Page.OPENED)], "the wait begins anew"),
        ("keep_firing_for: 30s", "1011111", [(1, 4, Page.OPENED)], "kept for two intervals from the first good one"),
        ("keep_firing_for: 30s", "10101111", [(1, 6, Page.OPENED)], "came back while it was kept: one firing"),
        ("", "1011011", [(1, 2, Page.OPENED), (4, 5, Page.REOPENED)], "back within half an hour"),
        ("labels: {severity: info}", "101", [(1, 2, Page.NONE)], "for reading only"),
        ("labels: {severity: odd}", "101", [(1, 2, Page.OPENED)], "a severity of one's own counts as a warning"),
    ],
)
def test_a_course_fires_when_it_should(more: str, course: str, expected: list[object], why: str) -> None:
    rules = RULE + (f"        {more}\n" if more else "")
    assert firings(replay(rules, history({"a": course}), len(course) - 1)) == expected, why


@pytest.mark.parametrize(
    ("pause", "page"), [(120, Page.REOPENED), (121, Page.OPENED)], ids=["30 minutes", "a step more"]
)
def test_a_recurrence_reopens_up_to_half_an_hour_after_the_end(pause: int, page: Page) -> None:
    course = "0" + "1" * pause + "01"
    assert firings(replay(RULE, history({"a": course}), len(course) - 1))[1][2] is page


def test_each_set_of_labels_is_an_incident_of_its_own() -> None:
    report = replay(RULE, history({"a": "1011", "b": "1101"}), 3)
    assert firings(report) == [(1, 2, Page.OPENED), (2, 3, Page.OPENED)]
    assert report.rules[0].count(Page.OPENED) == 2


def test_two_rules_with_the_same_alert_have_one_incident() -> None:
    rules = RULE + "      - {alert: Down, expr: up < 1}\n"
    report = replay(rules, history({"a": "1011"}), 3)
    assert firings(report) == [(1, 2, Page.OPENED)]
    assert firings(report, 1) == [(1, 2, Page.JOINED)]


def test_a_series_that_ends_silently_is_seen_for_five_minutes() -> None:
    assert firings(replay(RULE, history({"a": "0....."}), 30)) == [(0, 20, Page.OPENED)]


def test_rules_see_what_the_rules_before_them_record_and_not_what_was_recorded_in_the_past() -> None:
    rules = """
groups:
  - name: g
    rules:
      - {record: "all:down", expr: count(up == 0)}
      - {alert: Many, expr: "all:down > 1"}
      - {alert: Seen, expr: 'count(ALERTS{alertname="Many", alertstate="firing"}) > 0'}
"""
    source = history({"a": "1001", "b": "1001"})
    source.append(labels(__name__="all:down"), [(START, 9.0)])
    source.append(labels(__name__="ALERTS", alertname="Many", alertstate="firing"), [(START, 1.0)])
    report = replay(rules, source, 4)
    assert firings(report, 1) == [(1, 3, Page.OPENED)]
    # `ALERTS` is written when all rules of an instant are done.
    assert firings(report, 2) == [(2, 4, Page.OPENED)]
    assert report.rules[0].firings == []


def test_the_history_is_left_as_it_was() -> None:
    source = history({"a": "1001"})
    replay(RULE + "      - {record: 'all:up', expr: sum(up)}\n", source, 3)
    assert source.generation == 1


def test_an_alert_clears_only_when_its_recovery_holds() -> None:
    rules = RULE.replace("up == 0", "up > 5") + "        annotations: {forewatch_recover: up < 3}\n"
    assert firings(replay(rules, history({"a": "1944421"}), 6)) == [(1, 5, Page.OPENED)]


def test_evaluations_that_fail_are_counted_with_the_reason() -> None:
    rules = RULE.replace("up == 0", "up * on() up")
    report = replay(rules, history({"a": "111", "b": "1.."}, STEP * 20), 40)
    failed = report.rules[0]
    assert 0 < failed.failures < report.evaluations == 41
    assert "many" in str(failed.error)


def test_before_the_span_nothing_is_pending() -> None:
    rules = RULE + "        for: 30s\n"
    assert firings(replay(rules, history({"a": "0000000"}), 6, since=START + 2 * STEP)) == [(4, None, Page.OPENED)]


@pytest.mark.parametrize(
    ("interval", "start", "end", "expected", "why"),
    [
        (None, 0, 30_000, [0, 15_000, 30_000], "15 s where a group says nothing; both ends are inside"),
        (60, 1, 130_000, [60_000, 120_000], "aligned to the epoch, as the tick is"),
        (0.25, 500, 3000, [1000, 2000, 3000], "not more often than the tick"),
        (1.5, 0, 6000, [0, 2000, 3000, 5000, 6000], "the first full second of each interval"),
        (60, 1, 59_999, [], "nothing falls into the span"),
    ],
)
def test_instants_are_those_of_the_tick(
    interval: float | None, start: int, end: int, expected: Sequence[int], why: str
) -> None:
    group = Group("g", "f", interval, 0, ())
    assert [at for at, _ in schedule([group], Span(start, end), 15)] == expected, why


def test_groups_due_together_keep_the_order_of_the_files() -> None:
    groups = [Group("slow", "f", 30, 0, ()), Group("fast", "f", 15, 0, ())]
    due = [(at, [group.name for group in some]) for at, some in schedule(groups, Span(0, 30_000), 15)]
    assert due == [(0, ["slow", "fast"]), (15_000, ["fast"]), (30_000, ["slow", "fast"])]


def test_progress_grows_to_one() -> None:
    told: list[float] = []
    span = Span(START, START + 4 * STEP)
    backtest(history({"a": "1"}), loads(RULE), span, reopen_within_ms=0, progress=told.append)
    assert told == [0, 0.25, 0.5, 0.75, 1]


def test_reports_are_in_the_order_of_the_file() -> None:
    rules = RULE + "      - {record: 'all:up', expr: sum(up)}\n      - {alert: Up, expr: up == 1}\n"
    kinds = [isinstance(one.rule, AlertingRule) for one in replay(rules, history({"a": "1"}), 1).rules]
    assert kinds == [True, False, True]


def test_templates_know_the_external_labels_and_the_address() -> None:
    rules = RULE + '        labels: {site: "{{ $externalLabels.site }}", url: "{{ $externalURL }}"}\n'
    report = backtest(
        history({"a": "0"}), loads(rules), Span(START, START + STEP), reopen_within_ms=HALF_HOUR,
        external_labels={"site": "east"}, external_url="https://forewatch.example.org",
    )  # fmt: skip
    [firing] = report.rules[0].firings
    own = dict(firing.labels)
    assert (own["site"], own["url"]) == ("east", "https://forewatch.example.org")
