"""The encoder against protobuf's own decoder."""

from __future__ import annotations

import math

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from core.labels import labels
from core.remote_write import STALE_NAN, compress, encode_labels, encode_write_request, is_stale


def _message_class():
    file = descriptor_pb2.FileDescriptorProto(name="test_remote.proto", package="test_remote", syntax="proto3")
    kinds = {"string": 9, "double": 1, "int64": 3}
    for name, fields in {
        "Label": [("name", 1, "string"), ("value", 2, "string")],
        "Sample": [("value", 1, "double"), ("timestamp", 2, "int64")],
        "TimeSeries": [("labels", 1, "Label"), ("samples", 2, "Sample")],
        "WriteRequest": [("timeseries", 1, "TimeSeries")],
    }.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            added = message.field.add(name=field, number=number, label=1 if kind in kinds else 3)
            if kind in kinds:
                added.type = kinds[kind]
            else:
                added.type, added.type_name = 11, f".test_remote.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("test_remote.WriteRequest"))


WriteRequest = _message_class()

samples = st.tuples(
    st.dictionaries(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300), max_size=5).map(labels),
    st.floats(allow_nan=False),
    st.integers(-(2**63), 2**63 - 1),
)


@given(st.lists(samples, max_size=5))
def test_what_is_encoded_decodes_to_the_same_series_and_samples(series) -> None:
    body = encode_write_request((encode_labels(of), value, at_ms) for of, value, at_ms in series)
    decoded = WriteRequest.FromString(bytes(cramjam.snappy.decompress_raw(compress(body))))
    assert [
        (tuple((pair.name, pair.value) for pair in one.labels), one.samples[0].value, one.samples[0].timestamp)
        for one in decoded.timeseries
    ] == series


def test_the_stale_marker_is_a_nan_of_its_own() -> None:
    body = encode_write_request([(encode_labels(labels(__name__="up")), STALE_NAN, 1)])
    value = WriteRequest.FromString(body).timeseries[0].samples[0].value
    assert math.isnan(value)
    assert is_stale(value)
    assert not is_stale(math.nan)
