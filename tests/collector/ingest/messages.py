"""Remote-write requests built field by field, also wrong ones, and protobuf's own full decoder to compare with."""

from __future__ import annotations

import struct

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from collector.series.store import UNKNOWN
from core.remote_write import varint


def field(number: int, payload: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def label(name: bytes | str, value: bytes | str) -> bytes:
    name = name.encode() if isinstance(name, str) else name
    value = value.encode() if isinstance(value, str) else value
    return field(1, field(1, name) + field(2, value))


def sample(value: float, at_ms: int) -> bytes:
    return field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(at_ms))


def series(*fields: bytes) -> bytes:
    """One TimeSeries of a request."""
    return field(1, b"".join(fields))


def find_in(known: dict[bytes, int]):
    """What a store that knows these keys would answer."""
    return lambda keys: np.array([known.get(key, UNKNOWN) for key in keys], np.int64)


def _decoder():
    file = descriptor_pb2.FileDescriptorProto(name="plain.proto", package="plain", syntax="proto3")
    kinds = {"bytes": 12, "double": 1, "int64": 3}
    for name, fields in {
        "Label": [("name", 1, "bytes"), ("value", 2, "bytes")],
        "Sample": [("value", 1, "double"), ("timestamp", 2, "int64")],
        "TimeSeries": [("labels", 1, "Label"), ("samples", 2, "Sample"), ("exemplars", 3, "bytes*"),
                       ("histograms", 4, "bytes*")],
        "WriteRequest": [("timeseries", 1, "TimeSeries"), ("metadata", 3, "bytes*")],
    }.items():  # fmt: skip
        message = file.message_type.add(name=name)
        for title, number, kind in fields:
            many = kind.endswith("*") or kind not in kinds
            added = message.field.add(name=title, number=number, label=3 if many else 1)
            if kind.rstrip("*") in kinds:
                added.type = kinds[kind.rstrip("*")]
            else:
                added.type, added.type_name = 11, f".plain.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("plain.WriteRequest"))


PlainWriteRequest = _decoder()
