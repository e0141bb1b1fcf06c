"""Names of metrics and labels as Prometheus translates them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from collector.otlp.naming import UNITS, label_name, label_pairs, metric_name, target_labels, text_of
from core.labels import is_label_name, is_metric_name

METRICS = [
    ("http.server.duration", "s", {}, "http_server_duration_seconds", "dots become underscores, the unit is spelled"),
    ("memory.usage", "By", {"gauge": True}, "memory_usage_bytes", "bytes"),
    ("memory_bytes", "By", {}, "memory_bytes", "a unit that is in the name is not repeated"),
    ("requests", "", {"counter": True}, "requests_total", "a counter"),
    ("requests.total", "", {"counter": True}, "requests_total", "total is not repeated"),
    ("total.time", "s", {"counter": True}, "time_seconds_total", "total moves to the end"),
    ("requests", "{request}", {"counter": True}, "requests_total", "an annotation is no unit"),
    ("cpu.utilization", "1", {"gauge": True}, "cpu_utilization_ratio", "a gauge without dimension is a ratio"),
    ("cpu.utilization", "1", {}, "cpu_utilization", "but nothing else is"),
    ("ratio.of.hits", "1", {"gauge": True}, "of_hits_ratio", "ratio moves to the end"),
    ("io", "By/s", {}, "io_bytes_per_second", "a rate"),
    ("calls", "{call}/min", {}, "calls_per_min", "an unknown divisor stays as it is"),
    ("rate", "/s", {}, "rate_per_second", "only a divisor"),
    ("fill", "%", {}, "fill_percent", "percent"),
    ("size", "widgets", {}, "size_widgets", "an unknown unit stays"),
    ("a  b--c", "", {}, "a_b_c", "runs of other characters are one underscore"),
    ("5xx", "", {}, "_5xx", "no digit in front"),
    ("job:rate", "", {}, "job:rate", "colons stay"),
    ("温度", "Cel", {}, "", "nothing of the name is left"),
    ("", "s", {}, "", "no name at all"),
]


@pytest.mark.parametrize(("name", "unit", "kind", "expected", "why"), METRICS, ids=[row[4] for row in METRICS])
def test_a_metric_gets_the_name_that_prometheus_gives_it(name, unit, kind, expected, why) -> None:
    assert metric_name(name, unit, **kind) == expected


@pytest.mark.parametrize("unit", [unit for unit in UNITS if UNITS[unit]])
def test_every_known_unit_is_spelled_out_behind_the_name(unit) -> None:
    assert metric_name("x", unit) == f"x_{UNITS[unit]}"


LABELS = [
    ("http.method", "http_method", "dots become underscores"),
    ("a..b", "a__b", "each of them"),
    ("9lives", "key_9lives", "no digit in front"),
    ("_private", "key_private", "no single underscore in front"),
    ("__meta", "__meta", "two underscores are reserved and stay"),
    ("名", "key_", "letters of other scripts"),
    ("", "", "no name"),
]


@pytest.mark.parametrize(("name", "expected", "why"), LABELS, ids=[row[2] for row in LABELS])
def test_an_attribute_gets_the_label_that_prometheus_gives_it(name, expected, why) -> None:
    assert label_name(name) == expected


@given(st.text(), st.text(max_size=20), st.booleans(), st.booleans())
def test_whatever_the_name_what_comes_out_is_valid_or_empty(name, unit, counter, gauge) -> None:
    found = metric_name(name, unit, counter=counter, gauge=gauge)
    assert found == "" or is_metric_name(found)
    assert label_name(name) == "" or is_label_name(label_name(name))
    assert (label_name(name) == "") == (name == "")


def test_values_of_attributes_with_one_label_are_joined_in_the_order_of_their_keys() -> None:
    sent = [KeyValue(key=key, value=AnyValue(string_value=key)) for key in ("a_b", "c", "a.b", "x" * 400)]
    assert label_pairs(sent) == {"a_b": "a.b;a_b", "c": "c", "x" * 400: "x" * 400}


VALUES = [
    (AnyValue(string_value="x"), "x", "text"),
    (AnyValue(bool_value=True), "true", "a truth"),
    (AnyValue(int_value=-7), "-7", "a whole number"),
    (AnyValue(double_value=0.5), "0.5", "a number"),
    (AnyValue(bytes_value=b"\xff"), "/w==", "bytes"),
    (AnyValue(), "", "nothing"),
    (AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="é"), AnyValue()])), '["é",null]', "a list"),
    (
        AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k", value=AnyValue(bytes_value=b"\xff"))])),
        '{"k":"/w=="}',
        "a map",
    ),
]


@pytest.mark.parametrize(("value", "expected", "why"), VALUES, ids=[row[2] for row in VALUES])
def test_a_value_becomes_text(value, expected, why) -> None:
    assert text_of(value) == expected


RESOURCES = [
    ({"service.name": "shop"}, {"job": "shop"}, "a name"),
    ({"service.name": "shop", "service.namespace": "eu"}, {"job": "eu/shop"}, "a name in a namespace"),
    ({"service.namespace": "eu"}, {}, "a namespace alone is no job"),
    ({"service.name": "s", "service.instance.id": "1"}, {"job": "s", "instance": "1"}, "an instance"),
    ({"service.name": ""}, {}, "an empty name"),
]


@pytest.mark.parametrize(("resource", "expected", "why"), RESOURCES, ids=[row[2] for row in RESOURCES])
def test_job_and_instance_come_from_the_service(resource, expected, why) -> None:
    sent = [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in resource.items()]
    assert target_labels(sent) == expected
