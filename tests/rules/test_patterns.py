"""Patterns of label matchers."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import patterns
from rules.source import Matcher


@pytest.mark.parametrize(
    ("pattern", "text", "matches", "reason"),
    [
        ("core", "core", True, "plain"),
        ("core", "core-1", False, "anchored at the end"),
        ("ore", "core", False, "anchored at the beginning"),
        ("a|b", "b", True, "plain alternatives"),
        ("a|", "", True, "an empty alternative"),
        ("a.c", "a\nc", True, "a dot matches a line break"),
        ("a|bc.*", "bcd", True, "anchors hold for every alternative"),
        ("a|bc.*", "ad", False, "anchors hold for every alternative"),
        ("(?i)core", "CORE", True, "flags"),
        ("", "", True, "empty"),
        ("", "x", False, "empty"),
        ("核心.*", "核心交换机", True, "not only ASCII"),
        (r"\d+", "12", True, "classes"),
    ],
)
def test_a_pattern_matches_the_whole_text(pattern: str, text: str, matches: bool, reason: str) -> None:
    assert patterns.predicate(pattern)(text) is matches, reason
    assert Matcher("l", "=~", pattern).predicate()(text) is matches
    assert Matcher("l", "!~", pattern).predicate()(text) is not matches


@pytest.mark.parametrize(
    "pattern", ["(?=a)b", "(?<!a)b", r"(a)\1", "a{1001}", "(", "[z-a]", "a++", r"\Z", "(?P<n>a)(?P=n)", "a" * 20_000]
)
def test_what_is_not_re2_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"RE2|longer"):
        patterns.check_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|aa)+$", "(.*)*(.*)*(.*)*x", "(a|a)*b"])
def test_no_pattern_takes_long_on_a_hostile_value(pattern: str) -> None:
    began = time.perf_counter()
    assert not patterns.predicate(pattern)("a" * 100_000 + "!")
    assert time.perf_counter() - began < 2  # a backtracking engine would need longer than the universe has existed


@given(st.lists(st.text("abc_-", max_size=3), min_size=1, max_size=4), st.text("abc_-|", max_size=4))
def test_the_set_for_plain_words_agrees_with_the_engine(words: list[str], text: str) -> None:
    pattern = "|".join(words)
    assert patterns.predicate(pattern)(text) is patterns.predicate(f"(?:{pattern})")(text)
