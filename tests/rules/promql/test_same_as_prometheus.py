"""The evaluator and a real Prometheus give the same answers to the same expressions over the same samples."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from core.labels import Labels, labels
from core.remote_write import compress, encode_labels, encode_sample, varint
from rules.errors import EvaluationError
from rules.memory import MemorySource
from rules.promql.evaluate import Evaluator, evaluate
from rules.promql.parse import parse
from rules.promql.vector import Scalar
from tests.rules.promql.expressions import AT_MS, EXPRESSIONS, START_MS, Series, all_series
from tests.servers.prometheus import Prometheus

Result = dict[Labels, float] | str


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    server = Prometheus(tmp_path_factory.mktemp("prometheus"))
    server.start()
    yield server
    server.stop()


_CASES = itertools.count()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(series=all_series(), expression=EXPRESSIONS)
def test_every_supported_expression_has_the_value_that_prometheus_gives_it(
    prometheus: Prometheus, series: list[Series], expression: str
) -> None:
    source, text = _loaded(prometheus, series, expression)
    note(text)
    theirs, ours = _theirs(prometheus, text), _ours(source, text)
    assert _alike(ours, theirs), f"{text}\nours   {ours}\ntheirs {theirs}"


BOUNDS = ("-1", "-0.5", "0", "0.1", "1", "1.0", "2.5", "1e1", "+Inf", "Inf", "nonsense")
BUCKETS = st.dictionaries(
    st.tuples(st.sampled_from("xy"), st.sampled_from(BOUNDS)), st.integers(0, 30).map(float), min_size=1, max_size=14
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(buckets=BUCKETS, ratio=st.sampled_from(("0", "0.3", "0.5", "0.99", "1", "-1", "2", "NaN")))
def test_a_quantile_of_a_histogram_is_that_of_prometheus(
    prometheus: Prometheus, buckets: dict[tuple[str, str], float], ratio: str
) -> None:
    case, source = next(_CASES), MemorySource()
    written = []
    for (g, le), count in buckets.items():
        written.append(Series(labels(__name__=f"a_{case}", g=g, le=le), [(AT_MS - 1000, count)]))
        source.append(written[-1].labels, written[-1].samples)
    prometheus.write(compress(b"".join(_encode(one) for one in written)))
    text = f"histogram_quantile({ratio}, a_{case})"
    theirs, ours = _theirs(prometheus, text), _ours(source, text)
    assert _alike(ours, theirs), f"ours   {ours}\ntheirs {theirs}"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("sum by (i) (rate(a[2m]))", "rates and groups"),
        ("a > 100100", "filters per step"),
        ("b or a", "rows appear and vanish"),
        ("absent(b{i='1'})", "absent at some steps"),
        ("sum by (g) (b) / on (g) group_left (i) b", "a join whose partner changes"),
        ("predict_linear(a[3m] offset 30s, 600)", "the step's own instant counts"),
        ("-b + time()", "names go"),
        ("clamp(b, -1, 1)", "element by element"),
        ("topk by (g) (1, b)", "another choice at each step"),
        ("count_values('v', round(a / 1e5))", "rows that depend on values"),
        ("quantile(0.3, b)", "order within a step"),
        ("timestamp(a)", "a sample's own instant"),
        ("timestamp(a offset 1m) - timestamp(b * 1)", "the step's instant of what is computed"),
        ("quantile_over_time(0.5, b[2m])", "order within a range"),
        ("label_replace(b, 'i', 'q$1', 'i', '(.)')", "labels once for all steps"),
        ("max_over_time(rate(a[1m])[5m:20s])", "a subquery for each step"),
        ("sum_over_time(b[3m:30s] offset 1m)", "a subquery that is moved"),
        ("avg_over_time(b[2m:30s] @ start()) - b @ end()", "the ends of the range"),
        ("count_over_time((b > 0 or a)[2m:15s])", "rows that come and go within a subquery"),
        ("max_over_time((-{__name__=~'b|a', i='1'})[3m:10s])", "names go within a subquery"),
        ("sum_over_time(max_over_time(b[1m1ms:10s])[2m:30s])", "a subquery within a subquery"),
        ("vector(time()) - on () minute() * 60", "the step's own date"),
    ],
)
def test_a_range_query_is_an_instant_query_at_every_step(prometheus: Prometheus, expression: str, reason: str) -> None:
    series = []
    for number, (name, i, g) in enumerate([("a", "0", "x"), ("a", "1", "y"), ("b", "0", "x"), ("b", "1", "")]):
        gap = range(20, 20 + 9 * number)
        samples = [
            (START_MS + k * 15_000 + number + 1, (100_000 if name == "a" else -10) + float(k * (number + 1)))
            for k in range(number * 3, 60) if k not in gap
        ]  # fmt: skip
        series.append(Series(labels(__name__=name, i=i, g=g), samples))
    source, text = _loaded(prometheus, series, expression)
    theirs, ours = _their_range(prometheus, text), _our_range(source, text)
    assert _alike_at_each_step(ours, theirs), f"{reason}\nours   {ours}\ntheirs {theirs}"


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(series=all_series(), expression=EXPRESSIONS)
def test_every_supported_expression_has_the_values_that_prometheus_gives_it_over_a_range(
    prometheus: Prometheus, series: list[Series], expression: str
) -> None:
    source, text = _loaded(prometheus, series, expression)
    note(text)
    theirs, ours = _their_range(prometheus, text), _our_range(source, text)
    assert _alike_at_each_step(ours, theirs), f"{text}\nours   {ours}\ntheirs {theirs}"


def _loaded(prometheus: Prometheus, series: list[Series], expression: str) -> tuple[MemorySource, str]:
    """Both sides with the same series under names of this case alone, so that one server serves all, and its text."""
    case = next(_CASES)
    renamed = [Series(_named(one.labels, case), one.samples) for one in series]
    prometheus.write(compress(b"".join(_encode(one) for one in renamed)))
    source = MemorySource()
    for one in renamed:
        source.append(one.labels, one.samples)
    return source, re.sub(r"\b([ab])(?=[\[{ )']|$|,|\|)", rf"\g<1>_{case}", expression)


Steps = dict[Labels, dict[int, float]] | str
START, END, STEP = START_MS + 61_777, START_MS + 901_777, 20_000


def _their_range(prometheus: Prometheus, text: str) -> Steps:
    answer = prometheus.get("/api/v1/query_range", query=text, start=START / 1000, end=END / 1000, step=STEP / 1000)
    if answer["status"] != "success":
        assert answer["errorType"] == "execution", answer
        return "error"
    return {
        labels(one["metric"]): {round(at * 1000): float(value) for at, value in one["values"]}
        for one in answer["data"]["result"]
    }


def _our_range(source: MemorySource, text: str) -> Steps:
    try:
        matrix = Evaluator(source).range(parse(text), START, END, STEP)
    except EvaluationError:
        return "error"
    return {
        row: {int(at): float(value) for at, value, here in zip(matrix.times, values, present, strict=True) if here}
        for row, values, present in zip(matrix.labels, matrix.values, matrix.present, strict=True)
    }


def _alike_at_each_step(ours: Steps, theirs: Steps) -> bool:
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    return ours.keys() == theirs.keys() and all(
        ours[row].keys() == theirs[row].keys() and all(_close(ours[row][at], theirs[row][at]) for at in ours[row])
        for row in ours
    )


def _named(of: Labels, case: int) -> Labels:
    return labels({**dict(of), "__name__": f"{dict(of)['__name__']}_{case}"})


def _encode(series: Series) -> bytes:
    body = encode_labels(series.labels) + b"".join(encode_sample(value, at) for at, value in series.samples)
    return b"\x0a" + varint(len(body)) + body


def _theirs(prometheus: Prometheus, text: str) -> Result:
    answer = prometheus.get("/api/v1/query", query=text, time=AT_MS / 1000)
    if answer["status"] != "success":
        assert answer["errorType"] == "execution", answer
        return "error"
    data = answer["data"]
    if data["resultType"] == "scalar":
        return {(): float(data["result"][1])}
    return {labels(one["metric"]): float(one["value"][1]) for one in data["result"]}


def _ours(source: MemorySource, text: str) -> Result:
    try:
        result = evaluate(parse(text), source, AT_MS)
    except EvaluationError:
        return "error"
    return {(): result.value} if isinstance(result, Scalar) else dict(result)


def _alike(ours: Result, theirs: Result) -> bool:
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    return ours.keys() == theirs.keys() and all(_close(ours[row], theirs[row]) for row in ours)


def _close(ours: float, theirs: float) -> bool:
    if math.isnan(ours) or math.isnan(theirs):
        return math.isnan(ours) and math.isnan(theirs)
    return math.isclose(ours, theirs, rel_tol=1e-7, abs_tol=1e-6)
