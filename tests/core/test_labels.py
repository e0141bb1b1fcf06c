from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.labels import fingerprint, is_label_name, is_metric_name, labels, metric_name, quote, spell, without


def test_a_label_set_is_sorted_and_has_no_empty_values() -> None:
    assert labels({"b": "2", "a": "1", "c": ""}, __name__="up") == (("__name__", "up"), ("a", "1"), ("b", "2"))


def test_parts_of_a_label_set() -> None:
    up = labels(__name__="up", job="snmp", instance="core-1")
    assert metric_name(up) == "up"
    assert metric_name(()) == ""
    assert without(up, "__name__", "job") == (("instance", "core-1"),)
    assert spell(up) == 'up{instance="core-1",job="snmp"}'
    assert spell(()) == "{}"


def test_hostile_values_stay_on_one_line_inside_their_quotes() -> None:
    assert quote('a"b\\c\nd\x1b[31m\u202e') == '"a\\"b\\\\c\\nd\\u001b[31m\\u202e"'


@pytest.mark.parametrize(("name", "is_label", "is_metric"), [
    ("job", True, True), ("job:rate5m", False, True), ("0job", False, False), ("", False, False), ("电", False, False),
    ("job\n", False, False),
])  # fmt: skip
def test_names_follow_the_data_model(name: str, is_label: bool, is_metric: bool) -> None:
    assert (is_label_name(name), is_metric_name(name)) == (is_label, is_metric)


pairs = st.dictionaries(st.text(min_size=1, max_size=4), st.text(max_size=4), max_size=4)


@given(pairs, pairs)
def test_fingerprints_are_equal_exactly_when_the_label_sets_are(one: dict[str, str], other: dict[str, str]) -> None:
    assert (fingerprint(labels(one)) == fingerprint(labels(other))) == (labels(one) == labels(other))


def test_a_fingerprint_never_changes_between_versions() -> None:
    assert fingerprint(labels(alertname="TargetDown", instance="core-1")) == "4576bb9dd5d7f9ab"
