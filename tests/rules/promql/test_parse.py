"""What is accepted, what is refused, and where an error stands."""

from __future__ import annotations

import contextlib
import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import PromqlError
from rules.memory import MemorySource
from rules.promql.evaluate import evaluate
from rules.promql.parse import parse
from rules.promql.plan import Binary, Call, Kind, Negation, Number, VectorSelector, When
from rules.promql.text import MAX_DEPTH, MAX_LENGTH, MAX_OPERATORS
from rules.source import Matcher


@pytest.mark.parametrize(
    ("text", "place", "part", "reason"),
    [
        ("", "1:1", "no expression", "empty"),
        ("# only a comment", "1:1", "no expression", "a comment"),
        ("x +", "1:4", "syntax error", "the end comes too early"),
        ("x + * 3", "1:5", "syntax error", "an operator where an operand is due"),
        ("x x", "1:3", "syntax error", "an operand too many"),
        ("sum(x) foo", "1:8", "syntax error", "a word that is no modifier"),
        ("x\n  and on y", "2:10", "syntax error", "the place names the line"),
        ("x{a=}", "1:5", "syntax error", "a matcher without a value"),
        ("x )", "1:3", "unexpected ')'", "nothing to close"),
        ("(x]", "1:3", "unexpected ']'", "closed by another bracket"),
        ("rate(x[5m]", "1:5", "unclosed '('", "never closed"),
        ('x{a="b}', "1:5", "unterminated string", "a string without its end"),
        ('x{a="\\d"}', "1:6", "unknown escape sequence", "an escape that Go does not have"),
        ('x{a="\\ud800"}', "1:6", "unknown escape sequence", "half a character"),
        ("x $ y", "1:3", "unexpected character '$'", "a character PromQL does not have"),
        ("foo(x)", "1:1", "unknown function", "no such function"),
        (
            "1 + mad_over_time(x[5m])",
            "1:5",
            "mad_over_time (experimental in Prometheus) is not supported",
            "experimental",
        ),
        ("histogram_avg(x)", "1:1", "about native histograms", "which are not stored"),
        ("label_replace(x, 'a-b', '', '', '')", "1:18", "no label name", "a label that cannot be"),
        ("label_replace(x, 'a', '', 'b', '(?=c)')", "1:32", "no RE2", "look-ahead"),
        ("label_join(x, 'a', ',', 'b', '')", "1:30", "no label name", "a source that cannot be"),
        ("label_replace(x, 'a', 'b', 'c')", "1:1", "expected 5 argument", "an argument is missing"),
        ("count_values('a-b', x)", "1:14", "no label name", "a label that cannot be"),
        ("topk(x, x)", "1:1", "expected type scalar", "a vector is no number"),
        ("x[5m:1m]", "1:1", "range vector", "has no value at an instant either"),
        ("max_over_time(x[5000d:1d])", "1:1", "ten years", "a range that nobody means"),
        ("x[5m]", "1:1", "range vector", "has no value at an instant"),
        ("'text'", "1:1", "a string", "text is no result"),
        ("1 + rate(x)", "1:5", "expected type matrix", "an instant vector where a range is due"),
        ("predict_linear(x[5m])", "1:1", "expected 2 argument", "an argument is missing"),
        ("1 > 2", "1:1", "BOOL", "numbers do not filter"),
        ('{a=~".*"}', "1:1", "non-empty matcher", "would take every series"),
        ('x{a=~"(?=b)"}', "1:6", "no RE2", "look-ahead"),
        (r'x{b="c", a=~`(a)\1`}', "1:13", "no RE2", "a backreference"),
        ("x[99999999999y]", "1:1", "", "a range beyond all time"),
        ("x offset 9999999999y", "1:1", "", "an offset beyond all time"),
        ("x @ 99999999999999999999", "1:1", "", "an instant beyond all time"),
        ("x[5000d]", "1:1", "ten years", "a range that nobody means"),
        ("x == on(a) group_left(a) y", "1:1", "must not occur", "a label matched and copied"),
        ("a" * (MAX_LENGTH + 1), "1:1", "longer than", "too long"),
        ("(" * (MAX_DEPTH + 1) + "x" + ")" * (MAX_DEPTH + 1), f"1:{MAX_DEPTH + 1}", "nested deeper", "too deep"),
        ("1" + "+1" * (MAX_OPERATORS + 1), f"1:{2 * MAX_OPERATORS + 2}", "operators", "would exhaust the stack"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(text: str, place: str, part: str, reason: str) -> None:
    with pytest.raises(PromqlError) as caught:
        parse(text)
    assert str(caught.value).startswith(f"{place}: "), reason
    assert part in str(caught.value), reason


@pytest.mark.parametrize(
    "text",
    [
        "1" + "+1" * (MAX_OPERATORS - 1),
        "2" + "^1" * (MAX_OPERATORS - 1),
        "-" * (MAX_OPERATORS - 1) + "1",
        "abs(" * (MAX_DEPTH - 1) + "vector(1)" + ")" * (MAX_DEPTH - 1),
        "(" * (MAX_DEPTH - 1) + "1" + "+1)" * (MAX_DEPTH - 1),
    ],
)
def test_the_largest_expressions_that_are_accepted_can_be_evaluated(text: str) -> None:
    evaluate(parse(text), MemorySource(), 0)


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        (r'"a\"b"', 'a"b', "the quote itself"),
        ("'a\"b'", 'a"b', "the other quote"),
        (r"`a\d`", r"a\d", "raw"),
        (r'"\\d\t\x41\101\u4e2d\U0001F600"', "\\d\tAA中😀", "every kind of escape"),
        ('"核心"', "核心", "not only ASCII"),
        ('"§0§"', "§0§", "what looks like a placeholder"),
        ('"# no comment"', "# no comment", "a comment's sign within"),
    ],
)
def test_strings_are_read_as_go_reads_them(text: str, value: str, reason: str) -> None:
    root = parse(f"x{{a={text}}}").root
    assert isinstance(root, VectorSelector)
    assert root.selector.matchers == (Matcher("__name__", "=", "x"), Matcher("a", "=", value)), reason


def test_powers_bind_tighter_than_a_sign_and_to_the_right() -> None:
    root = parse("-2 ^ 3 ^ 2").root
    assert isinstance(root, Negation)
    assert isinstance(root.operand, Binary)
    assert isinstance(root.operand.right, Binary)


def test_comments_and_line_breaks_are_no_tokens() -> None:
    root = parse("sum( # all of them\n  x\n) > 3 # too many").root
    assert isinstance(root, Binary)
    assert isinstance(root.right, Number)


def test_selectors_keep_offset_and_instant() -> None:
    root = parse("rate(x[5m] @ 1600000000.5 offset -90s)").root
    assert isinstance(root, Call)
    selector = root.arguments[0].selector  # type: ignore[union-attr]
    assert selector.when == When(-90_000, 1_600_000_000_500)
    assert selector.instant(5) == 1_600_000_090_500


@pytest.mark.parametrize(
    ("text", "kind"),
    [("1 + 2", Kind.SCALAR), ("time()", Kind.SCALAR), ("-scalar(x)", Kind.SCALAR), ("x + 1", Kind.VECTOR),
     ("vector(1)", Kind.VECTOR), ("-x", Kind.VECTOR)],
)  # fmt: skip
def test_an_expression_knows_whether_it_is_a_number(text: str, kind: Kind) -> None:
    assert parse(text).kind is kind


def test_a_copy_of_an_expression_is_the_same_expression_read_again() -> None:
    expression = parse("up == 0")
    assert copy.deepcopy(expression).text == expression.text


@given(st.text(st.sampled_from("x1({[]})=~\"'`\\,+-*/ andorby:@5m#\n§"), max_size=40))
def test_any_text_is_read_or_refused_and_never_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(PromqlError):
        assert parse(text).text == text
