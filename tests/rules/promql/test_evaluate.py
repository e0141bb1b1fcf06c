"""What the comparison with a real Prometheus cannot show: errors, caching, and where 3 differs from 2.42."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from core.labels import Labels, labels, spell
from core.remote_write import STALE_NAN
from rules.errors import EvaluationError
from rules.memory import MemorySource
from rules.promql.evaluate import Evaluator, evaluate
from rules.promql.parse import parse
from rules.promql.vector import Scalar, Vector
from rules.source import Ids, Matcher

NOW = 1_760_000_000_000


def source(series: dict[Labels, float] | None = None) -> MemorySource:
    """Series with one sample, now."""
    made = MemorySource()
    for own, value in (series or {}).items():
        made.append(own, [(NOW, value)])
    return made


def value(text: str, of: MemorySource, at_ms: int = NOW) -> dict[Labels, float]:
    result = evaluate(parse(text), of, at_ms)
    return {(): result.value} if isinstance(result, Scalar) else dict(result)


A0, A1 = labels(__name__="a", i="0"), labels(__name__="a", i="1")
B0, B0X = labels(__name__="b", i="0"), labels(__name__="b", i="0", x="y")


@pytest.mark.parametrize(
    ("text", "series", "message", "reason"),
    [
        ("a * on (i) b", {A0: 1, B0: 1, B0X: 1}, "many-to-many", "two on the right"),
        ("b * on (i) a", {A0: 1, B0: 1, B0X: 1}, "many-to-one matching must be explicit", "two on the left"),
        ("b * on (i) group_right () a", {A0: 1, B0: 1, B0X: 1}, "many-to-many", "two on the side of one"),
        ("-{i='0'}", {A0: 1, B0: 1}, "same labelset", "without their names they are the same"),
        ("rate({i='0'}[5m])", {A0: 1, B0: 1}, None, "one sample has no rate, so nothing clashes"),
        ("a * on (i) group_left () b", {A0: 1, A1: 1, B0: 1}, None, "one partner for one of two"),
        ("a * on (i) b", {A1: 1, B0: 1, B0X: 1}, "many-to-many", "an error even where nothing matches"),
        ("c * on (i) b", {B0: 1, B0X: 1}, None, "but not where a side is empty"),
    ],
)
def test_data_that_allow_no_result_are_an_error(
    text: str, series: dict[Labels, float], message: str | None, reason: str
) -> None:
    if message is None:
        value(text, source(series))
        return
    with pytest.raises(EvaluationError, match=message):
        value(text, source(series))


@pytest.mark.parametrize(
    ("text", "side", "reason"),
    [
        ("a * on (i) b", "right", "the one side is the right one by itself"),
        ("b * on (i) group_right () a", "left", "and the left one where it is said so"),
        ("a * ignoring (x) b", "right", "what is left after the labels to ignore, and without the name"),
    ],
)
def test_series_that_meet_where_one_is_allowed_are_named(text: str, side: str, reason: str) -> None:
    twins = re.escape(
        f'found duplicate series for the match group {{i="0"}} on the {side} hand-side of the operation: '
        f"[{spell(B0)}, {spell(B0X)}];many-to-many"
    )
    with pytest.raises(EvaluationError, match=twins):
        value(text, source({A0: 1, B0: 1, B0X: 1}))


def counter(*samples: tuple[int, float]) -> MemorySource:
    made = MemorySource()
    made.append(A0, [(NOW + at * 1000, number) for at, number in samples])
    return made


@pytest.mark.parametrize(
    ("text", "samples", "expected", "reason"),
    [
        ("increase(a[60s])", [(-60, 5), (-45, 6), (-30, 7), (-15, 8), (0, 9)], 4.0,
         "the range is open on the left: of five samples four count, stretched to the whole minute"),
        ("count_over_time(a[60s])", [(-60, 5), (-45, 6), (0, 9)], 2.0, "open on the left"),
        ("increase(a[60s])", [(-40, 2), (-25, 4), (-10, 6)], 4 * (30 + 7.5 + 10) / 30,
         "half a distance to a far start, even where the counter's zero is a little further; 2.42 goes to the zero"),
        ("increase(a[60s])", [(-40, 1), (-25, 11), (-10, 21)], 20 * (30 + 1.5 + 10) / 30,
         "not below zero: the counter was 0 only 1.5 s before its first sample"),
        ("increase(a[60s])", [(-10, 4), (-5, 1), (0, 3)], 3 * (10 + 2.5) / 10,
         "4, 1, 3 is an increase of 3; half a distance to the far start"),
        ("delta(a[60s])", [(-10, 4), (-5, 1), (0, 3)], -1 * (10 + 2.5) / 10, "a gauge is not reset"),
        ("rate(a[60s])", [(-45, 10), (-30, 11), (-15, 12), (0, 13)], 4 / 60, "per second of the range"),
        ("irate(a[60s])", [(-45, 10), (-15, 11), (0, 4)], 4 / 15, "the last two; after a reset from zero"),
    ],
)  # fmt: skip
def test_extrapolation_is_that_of_prometheus_3(
    text: str, samples: list[tuple[int, float]], expected: float, reason: str
) -> None:
    (got,) = value(text, counter(*samples)).values()
    assert got == pytest.approx(expected, rel=1e-9), reason


@pytest.mark.parametrize(
    ("text", "values", "expected", "reason"),
    [
        ("stddev(a)", (2.0, 4.0), 1.0, "population, not sample"),
        ("stdvar(a)", (2.0, 4.0), 1.0, "its square"),
        ("stddev(a)", (math.nan,), math.nan, "NaN, as Prometheus 3 has it"),
        ("avg(a)", (1.5e308, 1.5e308), 1.5e308, "a mean of numbers whose sum overflows"),
        ("avg(a)", (math.inf, 1.0), math.inf, "really infinite"),
        ("avg(a)", (math.inf, -math.inf), math.nan, "undefined"),
        ("min(a)", (math.nan, 1.0), 1.0, "NaN loses"),
        ("max(a)", (math.nan, math.nan), math.nan, "unless it is alone"),
        ("count(a)", (math.nan, 1.0), 2.0, "NaN is a value"),
    ],
)
def test_aggregations_treat_special_values_as_prometheus_3_does(
    text: str, values: tuple[float, ...], expected: float, reason: str
) -> None:
    series = {labels(__name__="a", i=str(number)): one for number, one in enumerate(values)}
    got = value(text, source(series))[()]
    assert math.isnan(got) if math.isnan(expected) else got == pytest.approx(expected), reason


@pytest.mark.parametrize(
    ("values", "expected"), [((1.5e308, 1.5e308), 1.5e308), ((math.inf, 1.0), math.inf), ((1.0, 2.0), 1.5)]
)
def test_a_mean_over_time_does_not_overflow(values: tuple[float, ...], expected: float) -> None:
    of = counter(*((number - 10, one) for number, one in enumerate(values)))
    assert value("avg_over_time(a[1m])", of)[labels(i="0")] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('absent(nope{a="b", c!="d", e=~"f"})', labels(a="b")),
        ('absent(nope{a="b", a="c"})', ()),
        ("absent(sum(nope))", ()),
        ('absent_over_time(nope{a="b"}[5m])', labels(a="b")),
    ],
)
def test_absent_has_the_labels_that_the_selector_knows(text: str, expected: Labels) -> None:
    assert value(text, source()) == {expected: 1.0}


def test_what_has_ended_or_is_too_old_is_not_there() -> None:
    of = MemorySource()
    of.append(A0, [(NOW, 1.0), (NOW + 15_000, STALE_NAN)])
    of.append(A1, [(NOW, 2.0)])
    assert value("a", of, NOW + 15_000) == {A1: 2.0}
    assert value("a", of, NOW + 300_000) == {}


class CountingSource(MemorySource):
    """Counts how often series are looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.selects = 0
        self.labels_read = 0
        self.windows = 0

    def select(self, matchers: list[Matcher]) -> Ids:  # type: ignore[override]
        self.selects += 1
        return super().select(matchers)

    def labels(self, series_id: int) -> Labels:
        self.labels_read += 1
        return super().labels(series_id)

    def window(self, ids: Ids, start_ms: int, end_ms: int):  # type: ignore[no-untyped-def]
        self.windows += 1
        return super().window(ids, start_ms, end_ms)


def test_series_are_looked_up_again_only_when_some_were_born() -> None:
    of = CountingSource()
    of.append(A0, [(NOW, 1.0)])
    evaluator, expression = Evaluator(of), parse("a + a * 2")
    for at in range(5):
        evaluator.instant(expression, NOW + at)
    assert of.selects == 1
    of.append(A1, [(NOW, 2.0)])
    assert dict(evaluator.instant(expression, NOW)) == {labels(i="0"): 3.0, labels(i="1"): 6.0}
    assert of.selects == 2


def test_labels_are_read_again_only_of_series_that_are_new() -> None:
    of = CountingSource()
    of.append(A0, [(NOW, 1.0)])
    evaluator, expression = Evaluator(of), parse("a")
    evaluator.instant(expression, NOW)
    of.append(labels(__name__="c"), [(NOW, 1.0)])
    evaluator.instant(expression, NOW)
    assert of.labels_read == 1
    of.append(A1, [(NOW, 2.0)])
    assert dict(evaluator.instant(expression, NOW)) == {A0: 1.0, A1: 2.0}
    assert of.labels_read == 2


class ReusingSource(MemorySource):
    """The id of a retired series has gone to another one."""

    retired = 0

    @property
    def retirements(self) -> int:
        return self.retired

    @property
    def generation(self) -> int:
        return self.retired

    def replace(self, series_id: int, series: Labels) -> None:
        self._labels[series_id] = series
        self.retired += 1


def test_an_id_that_went_to_another_series_has_that_ones_labels() -> None:
    of = ReusingSource()
    of.append(A0, [(NOW, 1.0)])
    evaluator, expression = Evaluator(of), parse("a * 1")
    assert dict(evaluator.instant(expression, NOW)) == {labels(i="0"): 1.0}
    of.replace(0, A1)
    assert dict(evaluator.instant(expression, NOW)) == {labels(i="1"): 1.0}


def test_layouts_stay_when_births_do_not_concern_them() -> None:
    of = source({A0: 1.0, B0: 2.0})
    evaluator, expression = Evaluator(of), parse("a * on (i) group_left () b")
    evaluator.instant(expression, NOW)
    table = evaluator.moment(NOW).block(expression.root).table
    of.append(labels(__name__="c"), [(NOW, 1.0)])
    assert evaluator.moment(NOW).block(expression.root).table is table
    of.append(A1, [(NOW, 1.0)])
    assert evaluator.moment(NOW).block(expression.root).table is not table


def test_rules_of_one_moment_share_what_they_read() -> None:
    of = CountingSource()
    of.append(A0, [(NOW - 15_000, 1.0), (NOW, 2.0)])
    moment = Evaluator(of).moment(NOW)
    moment.result(parse("rate(a[5m]) > 1"))
    moment.result(parse("rate(a[5m]) > 2 or increase(a[5m]) > 3"))
    assert of.windows == 1


def test_a_moment_keeps_its_series_while_others_are_born() -> None:
    of = source({A0: 1.0})
    moment = Evaluator(of).moment(NOW)
    assert len(vector(moment.result(parse("a")))) == 1
    of.append(A1, [(NOW, 1.0)])
    assert len(vector(moment.result(parse("count_over_time(a[5m])")))) == 1


class RetiringSource(MemorySource):
    """A series that is retired between being selected and being read."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._failures = times

    def labels(self, series_id: int) -> Labels:
        self._failures -= 1
        if self._failures >= 0:
            raise KeyError(series_id)
        return super().labels(series_id)


def test_series_that_are_retired_while_they_are_read_are_asked_for_again() -> None:
    of = RetiringSource(2)
    of.append(A0, [(NOW, 1.0)])
    assert value("a", of) == {A0: 1.0}
    never = RetiringSource(100)
    never.append(A0, [(NOW, 1.0)])
    with pytest.raises(EvaluationError, match="retired"):
        value("a", never)


def test_a_join_takes_the_partner_that_is_present_at_the_instant() -> None:
    """The item of an instance changes: both series exist, one of them at a time."""
    of = MemorySource()
    old, new = (labels(__name__="info", i="0", ci=ci) for ci in ("SW-1", "SW-2"))
    of.append(A0, [(NOW, 1.0), (NOW + 60_000, 1.0)])
    of.append(old, [(NOW, 1.0), (NOW + 30_000, STALE_NAN)])
    of.append(new, [(NOW + 60_000, 1.0)])
    evaluator, expression = Evaluator(of), parse("a * on (i) group_left (ci) info")
    assert dict(evaluator.instant(expression, NOW)) == {labels(i="0", ci="SW-1"): 1.0}
    assert dict(evaluator.instant(expression, NOW + 60_000)) == {labels(i="0", ci="SW-2"): 1.0}
    matrix = evaluator.range(expression, NOW, NOW + 60_000, 60_000)
    assert matrix.present.tolist() == [[True, False], [False, True]]


def test_a_range_query_joins_what_has_become_one_series() -> None:
    of = MemorySource()
    of.append(labels(__name__="a", i="0"), [(NOW, 1.0), (NOW + 15_000, STALE_NAN)])
    of.append(labels(__name__="b", i="0"), [(NOW + 30_000, 2.0)])
    matrix = Evaluator(of).range(parse("-{__name__=~'a|b'}"), NOW, NOW + 30_000, 30_000)
    assert matrix.labels == [labels(i="0")]
    assert matrix.values.tolist() == [[-1.0, -2.0]]


def test_a_scalar_becomes_a_vector_of_one_element_for_rules() -> None:
    result = evaluate(parse("1 + 1"), source(), NOW)
    assert isinstance(result, Scalar)
    assert list(result.vector()) == [((), 2.0)]


def vector(result: Vector | Scalar) -> Vector:
    assert isinstance(result, Vector)
    return result


def test_nothing_selected_is_nothing_everywhere() -> None:
    for text in ("a", "rate(a[5m])", "sum(a)", "a + a", "a or a", "-a", "a > 1", "sum by (i) (a) / a", "abs(a)",
                 "max_over_time(a[1h])", "deriv(a[5m])", "changes(a[5m])"):  # fmt: skip
        result = vector(evaluate(parse(text), source(), NOW))
        assert (result.labels, np.asarray(result.values).tolist()) == ([], []), text


def test_a_range_query_that_would_take_too_much_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.promql.reading.MAX_CELLS", 10)
    evaluator = Evaluator(source({A0: 1.0, A1: 2.0}))
    assert len(evaluator.range(parse("a"), NOW, NOW + 4, 1).labels) == 2
    for text in ("a", "rate(a[5m])", "a + on (i) a offset 1m"):
        with pytest.raises(EvaluationError, match="more than 10 values"):
            evaluator.range(parse(text), NOW, NOW + 5, 1)


def test_selections_are_forgotten_when_they_are_too_many() -> None:
    of = CountingSource()
    of.append(A0, [(NOW, 1.0)])
    evaluator = Evaluator(of, kept_rows=1000)
    for number in range(50):
        evaluator.instant(parse(f'a{{nope!="{number}"}}'), NOW)
    assert len(evaluator.selections) <= 11


def test_a_join_that_nobody_can_mean_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.promql.join._MOST_PAIRS", 8)
    series = {labels(__name__=name, i=str(number)): 1.0 for name in "ab" for number in range(3)}
    with pytest.raises(EvaluationError, match="match on more labels"):
        value("a * on () group_left (i) b", source(series))
