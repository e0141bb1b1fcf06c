"""Functions, value by value: what the comparison with a real Prometheus leaves out, and the plain cases as examples."""

from __future__ import annotations

import math

import pytest

from core.labels import Labels, labels
from rules.errors import EvaluationError
from rules.memory import MemorySource
from rules.promql.evaluate import Evaluator, evaluate
from rules.promql.parse import parse
from rules.promql.vector import Scalar

NOW = 1_760_000_000_000  # Thursday, 9 October 2025, 08:53:20 UTC
NAN, INF = math.nan, math.inf
A = labels(__name__="a", i="web-1:9100", g="x")


def series(*values: float, of: Labels = A) -> MemorySource:
    """A series with a sample each 10 s, the last one now."""
    made = MemorySource()
    made.append(
        of, [(NOW - 10_000 * back, value) for back, value in zip(range(len(values))[::-1], values, strict=True)]
    )
    return made


def number(text: str, of: MemorySource) -> float:
    result = evaluate(parse(text), of, NOW)
    if isinstance(result, Scalar):
        return result.value
    ((_, value),) = result
    return value


@pytest.mark.parametrize(
    ("text", "value", "expected", "reason"),
    [
        ("round(a)", 2.5, 3, "halves go up"),
        ("round(a)", -2.5, -2, "halves go up, not away from zero"),
        ("round(a, 0.1)", 0.34, 0.3, "to a tenth, exactly"),
        ("round(a, 10)", 37, 40, "to ten"),
        ("round(a)", NAN, NAN, "NaN stays"),
        ("round(a, 0)", 3, NAN, "to nothing"),
        ("sgn(a)", -7, -1, "sign"),
        ("ln(a)", 0, -INF, "the logarithm of nothing"),
        ("sqrt(a)", -1, NAN, "no real root"),
        ("deg(a)", math.pi, 180, "half a circle"),
        ("rad(a)", 180, math.pi, "and back"),
        ("acos(a)", 2, NAN, "outside the domain"),
        ("acosh(a)", 1, 0, "hyperbolic"),
        ("a * pi()", 2, 2 * math.pi, "a number"),
        ("minute(a)", 1_760_000_000, 53, "08:53:20"),
        ("hour(a)", 1_760_000_000, 8, "08:53:20"),
        ("day_of_week(a)", 1_760_000_000, 4, "a Thursday"),
        ("day_of_week(a)", 259_200, 0, "a Sunday"),
        ("day_of_month(a)", 1_760_000_000, 9, "the ninth"),
        ("day_of_year(a)", 1_760_000_000, 282, "of 365"),
        ("day_of_year(a)", 1_735_603_200, 366, "the last day of a leap year"),
        ("days_in_month(a)", 1_709_200_000, 29, "February of a leap year"),
        ("days_in_month(a)", 1_760_000_000, 31, "October"),
        ("month(a)", 1_760_000_000, 10, "October"),
        ("year(a)", 1_760_000_000, 2025, "of our time"),
        ("year(a)", -1, 1969, "before the epoch"),
        ("minute(a)", -0.5, 0, "cut off towards zero"),
        ("hour(a)", NAN, NAN, "no date"),
        ("month(a)", INF, NAN, "no date"),
        ("hour()", 0, 8, "of the evaluation"),
        ("year()", 0, 2025, "of the evaluation"),
        ("timestamp(a)", 5, NOW / 1000, "of the sample"),
    ],
)
def test_each_value_has_its_own_result(text: str, value: float, expected: float, reason: str) -> None:
    assert number(text, series(value)) == pytest.approx(expected, nan_ok=True), reason


@pytest.mark.parametrize(
    ("text", "values", "expected", "reason"),
    [
        ("quantile_over_time(0.5, a[1m])", (3, 1, 2), 2, "the middle one"),
        ("quantile_over_time(0.25, a[1m])", (1, 2), 1.25, "between two"),
        ("quantile_over_time(0, a[1m])", (1, NAN), NAN, "NaN is below every number"),
        ("quantile_over_time(1, a[1m])", (1, NAN), 1, "and not above"),
        ("quantile_over_time(-1, a[1m])", (1,), -INF, "below all"),
        ("quantile_over_time(2, a[1m])", (1,), INF, "above all"),
        ("quantile_over_time(NaN, a[1m])", (1,), NAN, "no ratio"),
        ("stddev_over_time(a[1m])", (2, 4), 1, "population, not sample"),
        ("stdvar_over_time(a[1m])", (2, 6), 4, "its square"),
        ("stdvar_over_time(a[1m])", (NAN,), NAN, "as Prometheus 3 has it"),
        ("present_over_time(a[1m])", (NAN,), 1, "a sample is a sample"),
        ("last_over_time(a[1m])", (1, NAN), NAN, "whatever it is"),
        ("absent_over_time(b[1m])", (1,), 1, "nothing of that name"),
    ],
)
def test_each_range_has_its_own_result(text: str, values: tuple[float, ...], expected: float, reason: str) -> None:
    assert number(text, series(*values)) == pytest.approx(expected, nan_ok=True), reason


def test_a_timestamp_is_that_of_the_sample_and_of_what_is_computed_that_of_the_evaluation() -> None:
    of = series(1.0)
    at = NOW + 60_000
    (sampled,) = evaluate(parse("timestamp(a)"), of, at).values.tolist()  # type: ignore[union-attr]
    (computed,) = evaluate(parse("timestamp(a * 1)"), of, at).values.tolist()  # type: ignore[union-attr]
    assert (sampled, computed) == (NOW / 1000, at / 1000)


@pytest.mark.parametrize(
    ("arguments", "expected", "reason"),
    [
        ("'host', '$1', 'i', '(.*):.*'", {"i": "web-1:9100", "g": "x", "host": "web-1"}, "a part of another label"),
        ("'host', '${1}0', 'i', '(.*):.*'", {"i": "web-1:9100", "g": "x", "host": "web-10"}, "where the name ends"),
        ("'host', '$10', 'i', '(.*):.*'", {"i": "web-1:9100", "g": "x"}, "there is no tenth group"),
        ("'host', '$$1', 'g', 'x'", {"i": "web-1:9100", "g": "x", "host": "$1"}, "a dollar sign"),
        ("'host', '$h', 'i', '(?P<h>.*):.*'", {"i": "web-1:9100", "g": "x", "host": "web-1"}, "a group by name"),
        ("'g', '', 'g', '.*'", {"i": "web-1:9100"}, "an empty value removes a label"),
        ("'g', 'y', 'g', 'z'", {"i": "web-1:9100", "g": "x"}, "no match changes nothing"),
        ("'g', 'y', 'i', 'web'", {"i": "web-1:9100", "g": "x"}, "the whole value must match"),
        ("'new', 'y', 'nope', ''", {"i": "web-1:9100", "g": "x", "new": "y"}, "a missing label is empty"),
        ("'__name__', 'b', '', ''", {"__name__": "b", "i": "web-1:9100", "g": "x"}, "the name is a label"),
    ],
)
def test_a_label_is_made_of_what_a_pattern_found(arguments: str, expected: dict[str, str], reason: str) -> None:
    ((row, value),) = evaluate(parse(f"label_replace(a, {arguments})"), series(7.0), NOW)
    assert (dict(row), value) == ({"__name__": "a", **expected}, 7.0), reason


@pytest.mark.parametrize(
    ("arguments", "expected", "reason"),
    [
        ("'v', '-', 'g', 'i'", "x-web-1:9100", "in the order given"),
        ("'v', '', 'g', 'nope', 'g'", "xx", "a missing label is empty"),
        ("'v', '-', 'nope', 'nope'", "-", "the separator alone"),
        ("'g', ','", None, "of nothing: the label goes"),
    ],
)
def test_labels_are_joined(arguments: str, expected: str | None, reason: str) -> None:
    ((row, _),) = evaluate(parse(f"label_join(a, {arguments})"), series(7.0), NOW)
    assert dict(row).get(arguments[1]) == expected, reason


def test_labels_that_become_the_same_are_an_error() -> None:
    of = series(1.0)
    of.append(labels(__name__="a", i="web-2:9100", g="x"), [(NOW, 2.0)])
    with pytest.raises(EvaluationError, match="same labelset"):
        evaluate(parse("label_replace(a, 'i', '', '', '')"), of, NOW)


@pytest.mark.parametrize(
    ("text", "values", "expected", "reason"),
    [
        ("sort(a)", (2.0, NAN, 1.0), "201", "ascending, NaN last"),
        ("sort_desc(a)", (2.0, NAN, 3.0), "201", "descending, NaN last"),
        ("sort(a) > 1", (2.0, 1.0, 3.0), "02", "a filter keeps the order"),
        ("sort(a) + 0", (2.0, 1.0), "01", "only the outermost sort counts"),
    ],
)
def test_results_come_sorted(text: str, values: tuple[float, ...], expected: str, reason: str) -> None:
    of = MemorySource()
    for place, value in enumerate(values):
        of.append(labels(__name__="a", i=str(place)), [(NOW, value)])
    assert "".join(dict(row)["i"] for row, _ in evaluate(parse(text), of, NOW)) == expected, reason


def histogram(buckets: dict[str, float]) -> MemorySource:
    made = MemorySource()
    for le, count in buckets.items():
        made.append(labels(__name__="h_bucket", job="j", le=le), [(NOW, count)])
    return made


@pytest.mark.parametrize(
    ("ratio", "buckets", "expected", "reason"),
    [
        ("0.5", {"1": 10, "2": 20, "+Inf": 20}, 1.0, "on a bound"),
        ("0.75", {"1": 10, "2": 20, "+Inf": 20}, 1.5, "within a bucket"),
        ("0.25", {"1": 10, "2": 20, "+Inf": 20}, 0.5, "the first bucket begins at zero"),
        ("0.25", {"-1": 10, "2": 20, "+Inf": 20}, -1.0, "unless it ends below"),
        ("0.99", {"1": 10, "+Inf": 20}, 1.0, "beyond the last bound: that bound"),
        ("0.5", {"1": 10, "2": 20}, NAN, "without +Inf nobody knows how many"),
        ("0.5", {"+Inf": 20}, NAN, "one bucket says nothing"),
        ("0.5", {"1": 0, "+Inf": 0}, NAN, "nothing observed"),
        ("-1", {"1": 1, "+Inf": 1}, -INF, "below all"),
        ("2", {"1": 1, "+Inf": 1}, INF, "above all"),
        ("0.5", {"1": 10, "2": 4, "3": 20, "+Inf": 20}, 1.0, "a count that falls is raised"),
        ("0.5", {"1": 5, "1.0": 5, "2": 20, "+Inf": 20}, 1.0, "buckets of one bound are added up"),
        ("1", {"1": 10, "2": 10.0000000000001, "+Inf": 10.0000000000001}, 1.0, "a difference of rounding is none"),
        ("0.5", {"1": 10, "x": 3, "": 4, "+Inf": 10}, 0.5, "what has no bound is no bucket"),
    ],
)
def test_a_quantile_is_interpolated_within_its_bucket(
    ratio: str, buckets: dict[str, float], expected: float, reason: str
) -> None:
    ((row, got),) = evaluate(parse(f"histogram_quantile({ratio}, h_bucket)"), histogram(buckets), NOW)
    assert row == labels(job="j")
    assert got == pytest.approx(expected, nan_ok=True), reason


def test_a_histogram_is_taken_as_it_is_at_each_step() -> None:
    of = MemorySource()
    for le, counts in {"1": (0.0, 10.0), "2": (10.0, 10.0), "+Inf": (10.0, 10.0)}.items():
        of.append(labels(__name__="h", le=le), [(NOW + 1000 * step, count) for step, count in enumerate(counts)])
    of.append(labels(__name__="h", le="0.5"), [(NOW + 1000, 10.0)])
    matrix = Evaluator(of).range(parse("histogram_quantile(0.5, h)"), NOW, NOW + 1000, 1000)
    assert matrix.values.tolist() == [[1.5, 0.25]]
