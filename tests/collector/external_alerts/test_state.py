"""What is read of a posted alert, and the life of one."""

from __future__ import annotations

import pytest

from collector.external_alerts.posted import GENERATOR_URL, MAX_AHEAD_MS, RESOLVE_TIMEOUT_MS, PostedAlert, read
from collector.external_alerts.state import ENDS_AT, Held, expire, restored, take
from core.clock import to_rfc3339
from core.labels import labels
from rules.alerting import ChangeKind

NOW = 1_760_000_000_000
MINUTE = 60_000


def posted(**more) -> PostedAlert:
    return PostedAlert(**{"labels": {"alertname": "Down", "instance": "web-1"}, **more})


def at(minutes: float) -> str:
    return to_rfc3339(NOW + round(minutes * MINUTE))


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "starts_ms", "ends_ms"),
    [
        (None, None, 0, RESOLVE_TIMEOUT_MS),
        (at(-3), None, -3 * MINUTE, RESOLVE_TIMEOUT_MS),
        (at(-3), at(4), -3 * MINUTE, 4 * MINUTE),
        (None, at(-1), -MINUTE, -MINUTE),
        (at(2), None, 0, 2 * MINUTE + RESOLVE_TIMEOUT_MS),  # a sender whose clock is ahead
        (at(-3), "0001-01-01T00:00:00Z", -3 * MINUTE, RESOLVE_TIMEOUT_MS),
        ("", "9999-12-31T23:59:59Z", 0, MAX_AHEAD_MS),
        ("1900-01-01T00:00:00Z", None, -NOW, RESOLVE_TIMEOUT_MS),
    ],
)
def test_missing_times_are_filled_in(starts_at, ends_at, starts_ms, ends_ms) -> None:
    said = read(posted(starts_at=starts_at, ends_at=ends_at), NOW)
    assert (said.starts_at_ms - NOW, said.ends_at_ms - NOW) == (starts_ms, ends_ms)


def test_labels_without_a_value_count_as_missing() -> None:
    assert read(posted(labels={"alertname": "Down", "empty": ""}), NOW).labels == labels(alertname="Down")


@pytest.mark.parametrize(
    ("url", "kept"),
    [("http://prometheus:9090/graph?x=1", True), ("javascript:alert(1)", False), ("http://[", False), ("x", False)],
)
def test_only_an_address_of_the_web_leads_back(url, kept) -> None:
    assert (read(posted(generator_url=url), NOW).annotations.get(GENERATOR_URL) == url) is kept


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"labels": {}}, "at least one label"),
        ({"labels": {"a": ""}}, "at least one label"),
        ({"labels": {"no-name": "x"}}, '"no-name" is no label name'),
        ({"labels": {"__name__": "x"}}, "no label name"),
        ({"labels": {"a" * 257: "x"}}, "no label name"),
        ({"labels": {"a": "x" * 4097}}, "label a: longer than 4096"),
        ({"labels": {f"l{number}": "x" for number in range(65)}}, "65 labels"),
        ({"annotations": {"text": "x" * 16_385}}, "annotation text: longer"),
        ({"annotations": {"a b": "x"}}, "no annotation name"),
        ({"starts_at": "yesterday"}, "startsAt"),
        ({"starts_at": "2026-01-01T00:00:00"}, "startsAt"),
        ({"ends_at": "0001-01-01T00:00:00+14:00\n"}, "endsAt"),
        ({"starts_at": at(0), "ends_at": at(-1)}, "startsAt must be before endsAt"),
    ],
)
def test_what_is_wrong_is_said(wrong, why) -> None:
    with pytest.raises(ValueError, match=why):
        read(posted(**wrong), NOW)


def firing(ends_at: str | None = None) -> Held:
    held, change = take(None, read(posted(ends_at=ends_at), NOW), NOW)
    assert held is not None
    assert change.kind is ChangeKind.FIRING
    return held


def test_a_refresh_moves_the_end_and_changes_nothing() -> None:
    held, change = take(firing(), read(posted(annotations={"summary": "worse"}), NOW + MINUTE), NOW + MINUTE)
    assert (held.ends_at_ms, change) == (NOW + MINUTE + RESOLVE_TIMEOUT_MS, None)
    assert held.alert.annotations == {"summary": "worse"}
    assert held.alert.active_at_ms == NOW


def test_an_end_resolves() -> None:
    before = firing()
    held, change = take(before, read(posted(ends_at=at(1)), NOW + MINUTE), NOW + MINUTE)
    assert (held, change.kind, change.before) == (None, ChangeKind.RESOLVED, before.alert)


def test_the_end_of_an_earlier_cycle_ends_nothing() -> None:
    before = firing()
    assert take(before, read(posted(starts_at=at(-9), ends_at=at(-1)), NOW), NOW) == (before, None)


def test_the_end_of_what_does_not_fire_is_no_change() -> None:
    assert take(None, read(posted(ends_at=at(-1)), NOW), NOW) == (None, None)


def test_an_alert_that_nobody_refreshes_ends_on_the_instant() -> None:
    held = firing()
    assert expire(held, NOW + RESOLVE_TIMEOUT_MS - 1) is None
    assert expire(held, NOW + RESOLVE_TIMEOUT_MS).kind is ChangeKind.RESOLVED


def test_after_a_restart_there_is_time_to_refresh() -> None:
    alert = firing().alert
    assert restored(alert, NOW + MINUTE).ends_at_ms == NOW + MINUTE + RESOLVE_TIMEOUT_MS


def test_a_far_end_outlives_a_restart() -> None:
    held = firing(ends_at=at(120))
    assert restored(held.alert, NOW + MINUTE) == Held(held.alert, NOW + 120 * MINUTE)
    assert restored(held.alert, NOW + 118 * MINUTE).ends_at_ms == NOW + 123 * MINUTE


def test_a_far_end_that_moves_is_recorded() -> None:
    held = firing(ends_at=at(120))
    later, change = take(held, read(posted(ends_at=at(180)), NOW), NOW)
    assert (change.kind, change.after) == (ChangeKind.KEPT, later.alert)
    assert later.alert.annotations[ENDS_AT] == at(180)


def test_nobody_else_says_when_an_alert_ends() -> None:
    held, _ = take(None, read(posted(annotations={ENDS_AT: "never"}), NOW), NOW)
    assert ENDS_AT not in held.alert.annotations
