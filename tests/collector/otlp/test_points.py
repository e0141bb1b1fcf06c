"""What each kind of data point comes to, and which are refused for what reason."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from collector.ingest.limits import IngestLimits
from collector.otlp.points import Points, read_points, spell_number
from collector.series.keys import decode_labels
from core.errors import InvalidInput
from core.labels import spell
from core.remote_write import STALE_NAN_BITS
from tests.collector.otlp.messages import DELTA, NOW, gauge, histogram, point, request, total

LIMITS = IngestLimits(labels=6, label_name_bytes=64, label_value_bytes=64)


def series(points: Points) -> dict[str, float]:
    decoded = points.decoded
    return {
        spell(decode_labels(decoded.keys[place], {})): value
        for place, value in zip(decoded.series.tolist(), decoded.values.tolist(), strict=True)
    }


BUCKETS = point(explicitBounds=[0.005, 1, 10], bucketCounts=["1", "0", "2", "4"], count="7", sum=55.5)
SUMMARY = {
    "name": "t",
    "unit": "s",
    "summary": {"dataPoints": [point(quantileValues=[{"quantile": 0.99, "value": 2}], sum=9, count="5")]},
}
TAKEN = [
    (gauge("q", point(asInt="3")), {"q": 3.0}, "a gauge of whole numbers"),
    (gauge("q", point(asDouble=0.5), unit="1"), {"q_ratio": 0.5}, "a gauge without dimension"),
    (gauge("q", point(asDouble="NaN")), {"q": math.nan}, "not a number is a value"),
    (total("io", point(asInt="9"), unit="By"), {"io_bytes_total": 9.0}, "a monotonic sum"),
    (total("q", point(asInt="-1"), monotonic=False, unit="1"), {"q": -1.0}, "a sum that goes up and down"),
    (
        histogram("t", BUCKETS, unit="s"),
        {
            't_seconds_bucket{le="0.005"}': 1.0,
            't_seconds_bucket{le="1"}': 1.0,
            't_seconds_bucket{le="10"}': 3.0,
            't_seconds_bucket{le="+Inf"}': 7.0,
            "t_seconds_sum": 55.5,
            "t_seconds_count": 7.0,
        },
        "a histogram",
    ),
    (histogram("t", point(count="7")), {'t_bucket{le="+Inf"}': 7.0, "t_count": 7.0}, "neither buckets nor a sum"),
    (
        histogram("t", point(count="3", bucketCounts=["1", "2"], explicitBounds=["Infinity"])),
        {'t_bucket{le="+Inf"}': 3.0, "t_count": 3.0},
        "a bound of infinity is the last bucket",
    ),
    (SUMMARY, {'t_seconds{quantile="0.99"}': 2.0, "t_seconds_sum": 9.0, "t_seconds_count": 5.0}, "a summary"),
    (gauge("q", point(asInt="1", labels={"a.b": "x"})), {'q{a_b="x"}': 1.0}, "attributes are labels"),
    (histogram("t", point(count="1", labels={"le": "5"})), {'t_bucket{le="+Inf"}': 1.0, 't_count{le="5"}': 1.0},
     "its own bound wins over an attribute"),
    (gauge("q", point(asInt="1", labels={"__name__": "up"})), {"q": 1.0}, "an attribute cannot rename the metric"),
    (gauge("q"), {}, "no points"),
    ({"name": "q"}, {}, "a kind that is not known here"),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "expected", "why"), TAKEN, ids=[row[2] for row in TAKEN])
def test_a_point_comes_to_the_series_of_the_table(metric, expected, why) -> None:
    points = read_points(request(metric), LIMITS)
    assert series(points) == pytest.approx(expected, nan_ok=True)
    assert (points.decoded.refused, points.refused) == ({}, 0)
    assert set(points.decoded.times.tolist()) <= {NOW}


def bounds(values: list[object], counts: list[str], count: str = "3") -> dict[str, object]:
    return histogram("t", point(explicitBounds=values, bucketCounts=counts, count=count))


EXPONENTIAL = {"name": "e", "exponentialHistogram": {"dataPoints": [point(count="1"), point(count="2")]}}
REFUSED = [
    (total("c", point(asInt="1"), temporality=DELTA), {"not_cumulative": 1}, "a delta"),
    (total("c", point(asInt="1"), temporality=0), {"not_cumulative": 1}, "nobody knows what"),
    (total("c", point(asInt="1"), temporality=DELTA, monotonic=False), {"not_cumulative": 1}, "an up and down delta"),
    (histogram("t", BUCKETS, BUCKETS, temporality=DELTA), {"not_cumulative": 2}, "a histogram of deltas"),
    (EXPONENTIAL, {"exponential_histogram": 2}, "an exponential histogram"),
    (gauge("q", point()), {"malformed_point": 1}, "no value"),
    (bounds([1], ["3"]), {"malformed_point": 1}, "a bucket too few"),
    (bounds([1], ["1", "1", "1"]), {"malformed_point": 1}, "a bucket too many"),
    (bounds([1], []), {"malformed_point": 1}, "bounds without buckets"),
    (bounds([2, 1], ["1", "1", "1"]), {"malformed_point": 1}, "bounds that descend"),
    (bounds([1, 1], ["1", "1", "1"]), {"malformed_point": 1}, "a bound twice"),
    (bounds(["NaN"], ["1", "2"]), {"malformed_point": 1}, "a bound that is no number"),
    (bounds([1], ["1", "1"]), {"malformed_point": 1}, "buckets that do not add up"),
    (
        {"name": "s", "summary": {"dataPoints": [point(quantileValues=[{"quantile": 1.5, "value": 2}])]}},
        {"malformed_point": 1},
        "a quantile above one",
    ),
    (gauge("", point(asInt="1")), {"missing_name": 1}, "no name"),
    (gauge("温度", point(asInt="1")), {"missing_name": 1}, "nothing left of the name"),
    (gauge("q" * 65, point(asInt="1")), {"label_value_too_long": 1}, "a long name"),
    (gauge("q", point(asInt="1"), unit="u" * 65), {"label_value_too_long": 1}, "a long unit"),
    (gauge("q", point(asInt="1", labels={"": "x"})), {"invalid_label_name": 1}, "an attribute without a name"),
    (gauge("q", point(asInt="1", labels={"a": "x" * 65})), {"label_value_too_long": 1}, "a long value"),
    (gauge("q", point(asInt="1", labels={"a" * 65: "x"})), {"label_name_too_long": 1}, "a long attribute"),
    (gauge("q", point(asInt="1", labels=dict.fromkeys("abcdefg", "x"))), {"too_many_labels": 1}, "many attributes"),
    (histogram("t", point(count="1", labels=dict.fromkeys("abcde", "x"))), {"too_many_labels": 1},
     "a histogram of which one series has a label too many is refused as a whole"),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "expected", "why"), REFUSED, ids=[row[2] for row in REFUSED])
def test_what_cannot_be_taken_is_refused_with_its_reason(metric, expected, why) -> None:
    points = read_points(request(metric, gauge("good", point(asInt="1"))), LIMITS)
    assert points.decoded.refused == expected
    assert points.refused == sum(expected.values())
    assert points.count == points.refused + 1
    assert series(points) == {"good": 1.0}
    [fault] = points.decoded.faults
    assert fault.startswith(next(iter(expected)))


def test_a_point_without_a_recorded_value_ends_its_series() -> None:
    points = read_points(request(gauge("q", point(flags=1)), histogram("t", point(flags=1))), LIMITS)
    bits = {struct.unpack("<Q", struct.pack("<d", value))[0] for value in points.decoded.values.tolist()}
    assert bits == {STALE_NAN_BITS}
    assert list(series(points)) == ["q", 't_bucket{le="+Inf"}', "t_count"]


def test_what_a_resource_says_beyond_its_service_is_target_info_at_the_last_point() -> None:
    resource = {"service.name": "shop", "service.instance.id": "1", "host.name": "web-1"}
    points = read_points(request(gauge("q", point(asInt="1"), point(NOW + 9, asInt="2")), resource=resource), LIMITS)
    assert series(points) == {
        'q{instance="1",job="shop"}': 2.0,
        'target_info{host_name="web-1",instance="1",job="shop"}': 1.0,
    }
    assert points.decoded.times.tolist() == [NOW, NOW + 9, NOW + 9]
    assert points.count == 2
    assert points.rejected([0, 2]) == 1  # target_info is no data point


NO_INFO = [
    ({"host.name": "x"}, [point(asInt="1")], "nobody to tell it of"),
    ({"service.name": "shop"}, [point(asInt="1")], "nothing more to tell"),
    ({"service.name": "shop", "host.name": "x"}, [], "no time to tell it at"),
]


@pytest.mark.parametrize(("resource", "sent", "why"), NO_INFO, ids=[row[2] for row in NO_INFO])
def test_there_is_no_target_info_without_a_reason(resource, sent, why) -> None:
    points = read_points(request(gauge("q", *sent), resource=resource), LIMITS)
    assert not [spelled for spelled in series(points) if spelled.startswith("target_info")]


@pytest.mark.parametrize("many", [5, 7])
def test_a_resource_with_too_many_attributes_loses_its_target_info_only(many: int) -> None:
    resource = {"service.name": "shop"} | dict.fromkeys("abcdefg"[:many], "x")
    points = read_points(request(gauge("q", point(asInt="1")), resource=resource), LIMITS)
    assert series(points) == {'q{job="shop"}': 1.0}
    assert points.decoded.refused == {"too_many_labels": 1}
    assert points.refused == 0


def test_a_point_is_rejected_once_however_many_of_its_samples_are() -> None:
    points = read_points(request(histogram("t", BUCKETS), gauge("q", point(), point(asInt="1"))), LIMITS)
    assert len(points.decoded.times) == 7
    assert [points.rejected(at) for at in ([], [0, 3, 5], [0, 6])] == [1, 2, 3]


@pytest.mark.parametrize("limits", [IngestLimits(series=6), IngestLimits(decompressed_bytes=120)])
def test_a_request_that_comes_to_too_much_is_refused_as_a_whole(limits: IngestLimits) -> None:
    with pytest.raises(InvalidInput, match="smaller batches") as caught:
        read_points(request(histogram("t", BUCKETS), gauge("q", point(asInt="1"))), limits)
    assert caught.value.status == 413


def test_one_point_of_many_buckets_and_long_labels_does_not_fill_the_memory() -> None:
    wide = {f"label_{number}": "x" * 4000 for number in range(60)}
    many = point(
        labels=wide, explicitBounds=list(range(100_000)), bucketCounts=["0"] * 100_001, count="0"
    )  # would be 24 GB of labels
    with pytest.raises(InvalidInput):
        read_points(request(histogram("t", many)), IngestLimits(decompressed_bytes=1 << 20))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_bound_is_spelled_without_an_exponent_and_reads_as_itself(value: float) -> None:
    spelled = spell_number(value)
    assert float(spelled) == value
    assert "e" not in spelled
    assert not spelled.endswith(".0")


def test_infinite_bounds_are_spelled_as_prometheus_does() -> None:
    assert [spell_number(value) for value in (math.inf, -math.inf)] == ["+Inf", "-Inf"]


@given(st.binary(max_size=200))
def test_no_protobuf_message_makes_columns_that_do_not_fit(body: bytes) -> None:
    message = request(gauge("q", point(asInt="1")))
    try:
        message.MergeFromString(body)
    except DecodeError:
        return
    points = read_points(message, LIMITS)
    decoded = points.decoded
    assert len(decoded.times) == len(decoded.values) == len(decoded.series) == len(points.of_sample)
    assert np.all(decoded.series < len(decoded.keys))
