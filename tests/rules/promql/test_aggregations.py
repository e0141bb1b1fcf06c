"""Aggregations with a parameter: quantile, topk, bottomk, limitk, limit_ratio, count_values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.labels import Labels, labels
from core.remote_write import STALE_NAN
from rules.errors import EvaluationError
from rules.memory import MemorySource
from rules.promql.evaluate import Evaluator, evaluate
from rules.promql.parse import parse
from rules.promql.vector import Vector

NOW = 1_760_000_000_000
NAN, INF = math.nan, math.inf


def members(*values: float) -> MemorySource:
    """Series a{i="0"}, a{i="1"}, … with one sample each."""
    made = MemorySource()
    for number, value in enumerate(values):
        made.append(labels(__name__="a", i=str(number)), [(NOW, value)])
    return made


def result(text: str, of: MemorySource) -> list[tuple[Labels, float]]:
    vector = evaluate(parse(text), of, NOW)
    assert isinstance(vector, Vector)
    return list(vector)


def chosen(text: str, of: MemorySource) -> str:
    """The label i of the rows, in the result's order."""
    return "".join(dict(row)["i"] for row, _ in result(text, of))


@pytest.mark.parametrize(
    ("ratio", "values", "expected", "reason"),
    [
        ("0.5", (1.0, 2.0, 4.0), 2.0, "the middle one"),
        ("0.5", (1.0, 2.0), 1.5, "between two"),
        ("0", (3.0, 1.0), 1.0, "the least"),
        ("1", (3.0, 1.0), 3.0, "the greatest"),
        ("0.9", (0.0, 10.0), 9.0, "interpolated"),
        ("0.5", (7.0,), 7.0, "alone"),
        ("-0.1", (1.0,), -INF, "below all"),
        ("1.1", (1.0,), INF, "above all"),
        ("NaN", (1.0,), NAN, "no ratio"),
        ("0", (1.0, NAN), NAN, "NaN is below every number"),
        ("1", (1.0, NAN), 1.0, "and not above"),
        ("0.5", (-INF, 1.0, INF), NAN, "Prometheus adds the infinite neighbour with weight zero"),
        ("0.25", (-INF, 1.0, 2.0, 3.0, 4.0), 1.0, "exactly on a member"),
    ],
)
def test_a_quantile_is_interpolated_between_the_members(
    ratio: str, values: tuple[float, ...], expected: float, reason: str
) -> None:
    ((row, got),) = result(f"quantile({ratio}, a)", members(*values))
    assert row == ()
    assert got == pytest.approx(expected, nan_ok=True), reason


def plain_quantile(ratio: float, values: list[float]) -> float:
    ordered = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = ratio * (len(ordered) - 1)
    lower = math.floor(rank)
    upper = min(lower + 1, len(ordered) - 1)
    return ordered[lower] * (1 - (rank - lower)) + ordered[upper] * (rank - lower)


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [((3, 4, 2, 4, 1), "alike: side by side"), ((40, *[1] * 12), "one much larger: one behind the other")],
)
@given(data=st.data())
def test_quantiles_of_groups_of_any_sizes_are_those_of_each_alone(
    sizes: tuple[int, ...], reason: str, data: st.DataObject
) -> None:
    number = st.integers(-9, 9).map(float) | st.just(NAN)
    groups = {str(g): data.draw(st.lists(number, min_size=size, max_size=size)) for g, size in enumerate(sizes)}
    hidden = data.draw(st.sampled_from([1.0, 5.0]))  # which values are not present
    made = MemorySource()
    for place in range(max(sizes)):  # members of a group do not stand together
        for g, values in groups.items():
            if place < len(values):
                made.append(labels(__name__="a", g=g, i=str(place)), [(NOW, values[place])])
    for ratio in (0.0, 0.3, 0.5, 1.0):
        expected = {
            labels(g=g): plain_quantile(ratio, shown)
            for g, values in groups.items()
            if (shown := [value for value in values if value != hidden])
        }
        got = dict(result(f"quantile by (g) ({ratio}, a != {hidden})", made))
        assert got == pytest.approx(expected, nan_ok=True), reason


@pytest.mark.parametrize(
    ("text", "values", "expected", "reason"),
    [
        ("topk(2, a)", (1.0, 3.0, 2.0), "12", "greatest first"),
        ("bottomk(2, a)", (3.0, 1.0, 2.0), "12", "least first"),
        ("topk(2, a)", (5.0, 5.0, 5.0), "01", "of equal ones the first"),
        ("topk(2, a)", (NAN, 1.0, NAN), "10", "NaN only when nothing else is left"),
        ("bottomk(1, a)", (NAN, 1.0), "1", "NaN is not the least"),
        ("bottomk(2, a)", (NAN, INF), "10", "NaN comes last"),
        ("topk(9, a)", (1.0, 2.0), "10", "fewer than asked for"),
        ("topk(0, a)", (1.0,), "", "none"),
        ("topk(-3, a)", (1.0,), "", "fewer than none"),
        ("topk(1.9, a)", (1.0, 2.0), "1", "whole numbers only"),
        ("topk(2, a) > 1", (1.0, 3.0, 2.0), "12", "a filter keeps the order"),
        ("limitk(2, a)", (1.0, 3.0, 2.0), "01", "any two, always the same"),
        ("limitk(0, a)", (1.0,), "", "none"),
        ("limit_ratio(1, a)", (1.0, 3.0, 2.0), "012", "all"),
        ("limit_ratio(-1, a)", (1.0, 3.0, 2.0), "012", "all, from the other end"),
        ("limit_ratio(0, a)", (1.0, 3.0, 2.0), "", "none"),
        ("limit_ratio(7, a)", (1.0,), "0", "more than all is all"),
    ],
)
def test_members_are_chosen_and_keep_their_labels(
    text: str, values: tuple[float, ...], expected: str, reason: str
) -> None:
    assert chosen(text, members(*values)) == expected, reason


def test_each_group_has_its_own_choice() -> None:
    of = MemorySource()
    for i, g, value in [("0", "x", 1.0), ("1", "y", 9.0), ("2", "x", 5.0), ("3", "y", 7.0), ("4", "x", 3.0)]:
        of.append(labels(__name__="a", i=i, g=g), [(NOW, value)])
    assert chosen("topk by (g) (2, a)", of) == "1324"
    assert chosen("bottomk without (i) (1, a)", of) == "03"
    assert chosen("limitk by (g) (1, a)", of) == "01"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("topk(NaN, a)", "NaN or too large"),
        ("bottomk(1e30, a)", "NaN or too large"),
        ("limitk(Inf, a)", "NaN or too large"),
        ("limit_ratio(NaN, a)", "is NaN"),
        ("topk(NaN, nothing)", "NaN or too large"),
    ],
)
def test_a_parameter_of_no_use_is_an_error_whatever_the_data(text: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        result(text, members(1.0))


@given(st.integers(1, 63))
def test_a_ratio_and_its_complement_share_the_series_out(part: int) -> None:
    of = members(*map(float, range(40)))
    ratio = part / 64  # so that its complement is exact
    some, others = result(f"limit_ratio({ratio}, a)", of), result(f"limit_ratio({ratio - 1}, a)", of)
    assert sorted(some + others) == sorted(result("a", of))


def test_the_share_of_a_ratio_is_about_right() -> None:
    assert 330 < len(result("limit_ratio(0.4, a)", members(*map(float, range(1000))))) < 470


@pytest.mark.parametrize(
    ("text", "values", "expected", "reason"),
    [
        ("count_values('v', a)", (1.0, 2.0, 1.0), {labels(v="1"): 2, labels(v="2"): 1}, "equal ones are counted"),
        ("count_values('v', a)", (NAN, NAN), {labels(v="NaN"): 2}, "every NaN is the same"),
        ("count_values('v', a)", (0.0, -0.0), {labels(v="0"): 1, labels(v="-0"): 1}, "written differently"),
        ("count_values('v', a)", (1e21, 1e-7), {labels(v="1" + "0" * 21): 1, labels(v="0.0000001"): 1}, "no exponent"),
        ("count_values('v', a)", (INF, -INF), {labels(v="+Inf"): 1, labels(v="-Inf"): 1}, "infinite"),
        ("count_values by (i) ('v', a)", (5.0,), {labels(i="0", v="5"): 1}, "within groups"),
        ("count_values('i', a)", (5.0, 5.0), {labels(i="5"): 2}, "the label is overwritten"),
        ("count_values by (i) ('i', a)", (5.0, 5.0), {labels(i="5"): 2}, "before groups are told apart"),
        ("count_values without (v) ('v', a)", (5.0, 6.0), {labels(i="0"): 1, labels(i="1"): 1}, "written and dropped"),
    ],
)
def test_values_are_counted(text: str, values: tuple[float, ...], expected: dict[Labels, int], reason: str) -> None:
    assert dict(result(text, members(*values))) == expected, reason


def test_the_rows_of_counted_values_follow_the_values() -> None:
    of = MemorySource()
    of.append(labels(__name__="a", i="0"), [(NOW, 1.0), (NOW + 1000, 1.0), (NOW + 2000, 2.0), (NOW + 3000, STALE_NAN)])
    evaluator, expression = Evaluator(of), parse("count_values('v', a) + 0")
    found = [dict(evaluator.instant(expression, NOW + at)) for at in (0, 1000, 2000, 3000)]
    assert found == [{labels(v="1"): 1.0}, {labels(v="1"): 1.0}, {labels(v="2"): 1.0}, {}]
    matrix = evaluator.range(expression, NOW, NOW + 3000, 1000)
    assert matrix.labels == [labels(v="1"), labels(v="2")]
    assert matrix.present.tolist() == [[True, True, False, False], [False, False, True, False]]


def test_choices_and_quantiles_are_made_at_every_step() -> None:
    of = MemorySource()
    for i, values in {"0": (1.0, 5.0, 3.0), "1": (2.0, 4.0, NAN)}.items():
        of.append(labels(__name__="a", i=i), [(NOW + 1000 * at, value) for at, value in enumerate(values)])
    evaluator = Evaluator(of)
    matrix = evaluator.range(parse("topk(1, a)"), NOW, NOW + 2000, 1000)
    assert matrix.present.tolist() == [[False, True, True], [True, False, False]]
    assert evaluator.range(parse("quantile(0.5, a)"), NOW, NOW + 1000, 1000).values.tolist() == [[1.5, 4.5]]


def test_nothing_to_choose_from_is_nothing() -> None:
    for text in ("topk(1, b)", "quantile(0.5, b)", "count_values('v', b)", "limitk(1, b)", "limit_ratio(0.5, b)"):
        assert result(text, members(1.0)) == []
