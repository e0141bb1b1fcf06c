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
from rules.promql.evaluate import evaluate
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
    # Each case has metrics of its own, so that one server serves all of them.
    case = next(_CASES)
    renamed = [Series(_named(one.labels, case), one.samples) for one in series]
    text = re.sub(r"\b([ab])(?=[\[{ )]|$|,)", rf"\g<1>_{case}", expression)
    prometheus.write(compress(b"".join(_encode(one) for one in renamed)))
    source = MemorySource()
    for one in renamed:
        source.append(one.labels, one.samples)
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
        ("vector(time()) - on () minute() * 60", "the step's own date"),
    ],
)
def test_a_range_query_is_an_instant_query_at_every_step(prometheus: Prometheus, expression: str, reason: str) -> None:
    from rules.promql.evaluate import Evaluator

    source, case = MemorySource(), next(_CASES)
    for number, (name, i, g) in enumerate([("a", "0", "x"), ("a", "1", "y"), ("b", "0", "x"), ("b", "1", "")]):
        own = labels(__name__=f"{name}_{case}", i=i, g=g)
        gap = range(20, 20 + 9 * number)
        samples = [
            (START_MS + k * 15_000 + number, (100_000 if name == "a" else -10) + float(k * (number + 1)))
            for k in range(number * 3, 60) if k not in gap
        ]  # fmt: skip
        source.append(own, samples)
        prometheus.write(compress(_encode(Series(own, samples))))
    text = re.sub(r"\b([ab])(?=[\[{ )']|$|,|\|)", rf"\g<1>_{case}", expression)
    start, end, step = START_MS + 61_777, START_MS + 901_777, 20_000
    matrix = Evaluator(source).range(parse(text), start, end, step)
    theirs = prometheus.get(
        "/api/v1/query_range", query=text, start=start / 1000, end=end / 1000, step=step / 1000
    )["data"]["result"]  # fmt: skip
    got = {
        row: {int(at): float(value) for at, value, here in zip(matrix.times, values, present, strict=True) if here}
        for row, values, present in zip(matrix.labels, matrix.values, matrix.present, strict=True)
    }
    expected = {
        labels(one["metric"]): {round(at * 1000): float(value) for at, value in one["values"]} for one in theirs
    }
    assert got.keys() == expected.keys(), reason
    for row, points in expected.items():
        assert got[row] == pytest.approx(points, rel=1e-9, abs=1e-9), reason


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
