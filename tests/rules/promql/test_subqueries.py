"""Subqueries, the ends of a query, and range queries that are cut from one read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels import labels
from rules.errors import EvaluationError
from rules.memory import MemorySource
from rules.promql.evaluate import Evaluator, evaluate
from rules.promql.parse import parse
from rules.promql.subquery import steps
from rules.source import Ids, Window

NOW = 1_760_000_000_000
A = labels(__name__="a")


def ramp() -> MemorySource:
    """a = 0, 1, 2, … each 10 s up to now, which is 30."""
    made = MemorySource()
    made.append(A, [(NOW - 10_000 * (30 - k), float(k)) for k in range(31)])
    return made


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        ("count_over_time(a[1m:10s])", 6, "open on the left: now - 60 s is outside"),
        ("sum_over_time(a[30s:10s])", 28 + 29 + 30, "the last three"),
        ("sum_over_time(a[30s:10s] offset 10s)", 27 + 28 + 29, "moved back"),
        (f"sum_over_time(a[30s:10s] @ {NOW / 1000 - 100})", 18 + 19 + 20, "at another instant"),
        ("sum_over_time((a > 28)[1m:10s])", 29 + 30, "only where there is a value"),
        ("max_over_time(rate(a[20s])[1m:20s])", 0.1, "of a computed vector"),
        ("count_over_time(vector(1)[1m:10s])", 6, "of what is always there"),
        ("count_over_time(a[1m:7s])", 9, "multiples of the step, wherever the range begins"),
        ("count_over_time(a[1m:])", 4, "every fifteen seconds when nothing is said"),
        ("sum_over_time(max_over_time(a[20s:10s])[20s:10s])", 59, "within one another"),
        ("a @ start()", 30, "of an instant query: its instant"),
        ("a @ end() offset 20s", 28, "moved from there"),
        ("absent_over_time(b[1m:10s])", 1, "nothing at all"),
    ],
)
def test_a_subquery_takes_values_for_samples(text: str, expected: float, reason: str) -> None:
    ((_, value),) = evaluate(parse(text), ramp(), NOW)
    assert value == pytest.approx(expected), reason


def test_a_subquery_of_nothing_is_nothing() -> None:
    for text in (
        "sum_over_time(b[1m:10s])",
        "rate(b[1m:10s])",
        "quantile_over_time(0.5, b[1m:10s])",
        "sum_over_time(a[1s:7m])",
    ):
        assert not len(evaluate(parse(text), ramp(), NOW + 1)), text


def test_the_ends_of_a_range_query_are_the_same_at_every_step() -> None:
    matrix = Evaluator(ramp()).range(parse("a @ end() - a @ start()"), NOW - 50_000, NOW, 10_000)
    assert matrix.values.tolist() == [[5.0] * 6]
    matrix = Evaluator(ramp()).range(parse("max_over_time((a @ end())[10s:10s])"), NOW - 50_000, NOW, 50_000)
    assert matrix.values.tolist() == [[30.0, 30.0]]


def test_a_subquery_without_a_step_takes_the_evaluators() -> None:
    evaluator = Evaluator(ramp(), subquery_step_ms=30_000)
    assert list(evaluator.instant(parse("count_over_time(a[2m:])"), NOW)) == [((), 4.0)]


def test_a_subquery_with_too_many_steps_is_refused() -> None:
    for text in ("max_over_time(a[10y:1s])", "max_over_time(a[300d:1ms])"):
        with pytest.raises(EvaluationError, match="larger resolution"):
            evaluate(parse(text), ramp(), NOW)


def test_rows_that_become_the_same_series_over_time_are_one_range() -> None:
    of = MemorySource()
    of.append(labels(__name__="a", i="0"), [(NOW - 310_000, 1.0)])
    of.append(labels(__name__="b", i="0"), [(NOW, 2.0)])
    text = "count_over_time((-{__name__=~'a|b'})[310s:10s])"
    assert dict(evaluate(parse(text), of, NOW)) == {labels(i="0"): 30.0}


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=6).map(sorted), st.integers(1, 3000), st.integers(1, 700))
def test_steps_are_all_the_multiples_within_any_of_the_ranges(ends: list[int], range_ms: int, step_ms: int) -> None:
    expected = [
        at for at in range(-4200, 10_001)
        if at % step_ms == 0 and any(end - range_ms < at <= end for end in ends)
    ]  # fmt: skip
    assert steps(np.array(ends), range_ms, step_ms).tolist() == expected


class CountingSource(MemorySource):
    def __init__(self) -> None:
        super().__init__()
        self.windows = 0

    def window(self, ids: Ids, start_ms: int, end_ms: int) -> Window:
        self.windows += 1
        return super().window(ids, start_ms, end_ms)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.sets(st.integers(0, 200)), min_size=1, max_size=4),
    st.sampled_from((1000, 7000, 60_000)),
    st.sampled_from((500, 9000, 120_000)),
)
def test_ranges_cut_from_one_read_are_those_read_one_by_one(rows: list[set[int]], step_ms: int, range_ms: int) -> None:
    of = CountingSource()
    for number, places in enumerate(rows):
        of.append(labels(__name__="a", i=str(number)), [(NOW + 5000 * k, float(k)) for k in sorted(places)])
    evaluator = Evaluator(of)
    start, end = NOW + 100_000, NOW + 700_000
    for function in ("sum_over_time", "count_over_time", "deriv", "quantile_over_time(0.3, "):
        expression = parse(f"{function}{'' if '(' in function else '('}a[{range_ms}ms])")
        before = of.windows
        matrix = evaluator.range(expression, start, end, step_ms)
        assert of.windows == before + 1
        for column, at in enumerate(matrix.times.tolist()[::7]):
            expected = dict(evaluator.instant(expression, at))
            got = {
                row: values[7 * column]
                for row, values, here in zip(matrix.labels, matrix.values, matrix.present, strict=True)
                if here[7 * column]
            }
            assert got.keys() == expected.keys()
            assert [got[row] for row in expected] == pytest.approx(list(expected.values()))


def test_a_long_range_query_is_read_in_pieces() -> None:
    of = CountingSource()
    of.append(A, [(NOW + 60_000 * k, float(k)) for k in range(600)])
    matrix = Evaluator(of).range(parse("sum_over_time(a[2m])"), NOW + 60_000, NOW + 599 * 60_000, 60_000)
    assert matrix.values[0].tolist() == [float(2 * k - 1) for k in range(1, 600)]
    assert 20 < of.windows < 50
