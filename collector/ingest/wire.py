"""Remote write 1.0's protobuf messages (prometheus/prompb), as much of them as is read here.

The schema says `bytes` where the original says `string` or names a message:

- a request's series stay bytes, because in a sender's steady state they need not be parsed at all;
- labels stay bytes, because invalid UTF-8 in one label costs its series, not the request;
- metadata stay bytes, because what is wrong in them costs nothing but themselves;
- native histograms are counted, not read; exemplars are skipped as unknown fields.
"""

from __future__ import annotations

from typing import Protocol, cast

from google.protobuf import descriptor_pool, message_factory

from core.remote_write import varint

_KINDS = {"double": 1, "int64": 3, "bytes": 12}  # FieldDescriptorProto.Type; anything else names a message
_MESSAGE_KIND = 11
_ONE, _MANY = 1, 3  # FieldDescriptorProto.Label
_PACKAGE = "forewatch.remote_write"

# message: [(field, number, one or many, kind)]
_SCHEMA: dict[str, list[tuple[str, int, int, str]]] = {
    "WriteRequest": [("timeseries", 1, _MANY, "bytes"), ("metadata", 3, _MANY, "bytes")],
    "TimeSeries": [("labels", 1, _MANY, "Label"), ("samples", 2, _MANY, "Sample"), ("histograms", 4, _MANY, "bytes")],
    "Label": [("name", 1, _ONE, "bytes"), ("value", 2, _ONE, "bytes")],
    "Sample": [("value", 1, _ONE, "double"), ("timestamp", 2, _ONE, "int64")],
    "MetricMetadata": [
        ("type", 1, _ONE, "int64"),
        ("metric_family_name", 2, _ONE, "bytes"),
        ("help", 4, _ONE, "bytes"),
        ("unit", 5, _ONE, "bytes"),
    ],
}


class Label(Protocol):
    name: bytes
    value: bytes


class Sample(Protocol):
    value: float
    timestamp: int


class TimeSeries(Protocol):
    labels: list[Label]
    samples: list[Sample]
    histograms: list[bytes]


class WriteRequest(Protocol):
    timeseries: list[bytes]
    metadata: list[bytes]


class MetricMetadata(Protocol):
    type: int
    metric_family_name: bytes
    help: bytes
    unit: bytes


class _Parser(Protocol):
    def FromString(self, data: bytes) -> object: ...  # noqa: N802 - protobuf's own name


def _build() -> dict[str, _Parser]:
    """A class for each message; descriptors are spelled here, as protobuf's classes for them take 2 MiB."""
    file = _text(1, "forewatch/remote_write.proto") + _text(2, _PACKAGE)
    for message, fields in _SCHEMA.items():
        described = b"".join(_nested(2, _describe(*field)) for field in fields)
        file += _nested(4, _text(1, message) + described)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file + _text(12, "proto3"))
    return {
        name: cast(_Parser, message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")))
        for name in _SCHEMA
    }


def _describe(name: str, number: int, label: int, kind: str) -> bytes:
    """A `FieldDescriptorProto` of google/protobuf/descriptor.proto."""
    field = _text(1, name) + _number(3, number) + _number(4, label) + _number(5, _KINDS.get(kind, _MESSAGE_KIND))
    return field if kind in _KINDS else field + _text(6, f".{_PACKAGE}.{kind}")


def _number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def _text(field: int, text: str) -> bytes:
    return _nested(field, text.encode())


def _nested(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


_CLASSES = _build()


def parse_write_request(body: bytes) -> WriteRequest:
    """The request, its series unparsed.

    Raises:
        google.protobuf.message.DecodeError: the body is no protobuf message.
    """
    return cast(WriteRequest, _CLASSES["WriteRequest"].FromString(body))


def parse_time_series(message: bytes) -> TimeSeries:
    """One series.

    Raises:
        google.protobuf.message.DecodeError: the bytes are no such message.
    """
    return cast(TimeSeries, _CLASSES["TimeSeries"].FromString(message))


def parse_metadata(message: bytes) -> MetricMetadata:
    """What a sender says about one metric.

    Raises:
        google.protobuf.message.DecodeError: the bytes are no such message.
    """
    return cast(MetricMetadata, _CLASSES["MetricMetadata"].FromString(message))
