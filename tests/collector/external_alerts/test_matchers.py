"""Matchers in the spelling of Alertmanager's clients."""

from __future__ import annotations

import pytest

from collector.external_alerts.matchers import MAX_MATCHERS, all_of, read_matcher
from rules.source import Matcher


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        ("a=b", Matcher("a", "=", "b"), "without quotes"),
        (' a = "b c" ', Matcher("a", "=", "b c"), "spaces around all parts"),
        ("a!=b", Matcher("a", "!=", "b"), "unequal"),
        ('a=~"b.*"', Matcher("a", "=~", "b.*"), "a pattern"),
        ('a!~"b|c"', Matcher("a", "!~", "b|c"), "a pattern that must not match"),
        (r'a="\"\\\n\d"', Matcher("a", "=", '"\\\n\\d'), "other escapes stay as they are"),
        ('a=""', Matcher("a", "=", ""), "the empty value"),
        ("a=", Matcher("a", "=", ""), "the empty value, without quotes"),
        ("a==b", Matcher("a", "=", "=b"), "the shortest operator wins"),
    ],
)
def test_a_matcher_is_read(text: str, expected: Matcher, reason: str) -> None:
    assert read_matcher(text) == expected, reason


@pytest.mark.parametrize("text", ["", "a", "=b", "a-b=c", 'a="b', 'a=b"c', 'a="b"c"', "a=" + "b" * 5000])
def test_what_is_no_matcher_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="matcher"):
        read_matcher(text)


def test_all_matchers_must_hold_and_a_missing_label_is_empty() -> None:
    holds = all_of(["severity=critical", 'team=""', 'instance=~"web-.*"'])
    assert holds({"severity": "critical", "instance": "web-1"})
    assert not holds({"severity": "critical", "instance": "my-web-1"})
    assert not holds({"severity": "critical", "instance": "web-1", "team": "db"})
    assert all_of([])({})


def test_there_is_an_end_to_how_many_are_taken_and_to_what_a_pattern_may_be() -> None:
    with pytest.raises(ValueError, match="at most"):
        all_of(["a=b"] * (MAX_MATCHERS + 1))
    with pytest.raises(ValueError, match=r"\("):
        all_of(['a=~"("'])
