"""The Prometheus remote-write 1.0 encoder: what the agent and the forwarder speak.

Wire shape (prometheus/prompb, fields in ascending order as Go's marshaller writes them)::

    WriteRequest { repeated TimeSeries timeseries = 1 }
    TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2 }
    Label        { string name = 1; string value = 2 }
    Sample       { double value = 1; int64 timestamp = 2 }

A series' label bytes never change, so they are encoded once and kept by the caller; a push then is
one concatenation. The body is compressed as one snappy block (not framed).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import cramjam

from core.labels import Labels

CONTENT_HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

# Prometheus' stale marker: a NaN with this payload says that the series has ended.
STALE_NAN_BITS = 0x7FF0000000000002
STALE_NAN = struct.unpack("<d", struct.pack("<Q", STALE_NAN_BITS))[0]

_DOUBLE = struct.Struct("<d")


def is_stale(value: float) -> bool:
    """Whether `value` is the stale marker, bit for bit."""
    return _DOUBLE.pack(value) == _DOUBLE.pack(STALE_NAN)


def varint(number: int) -> bytes:
    """A protobuf varint; negative numbers take ten bytes in two's complement."""
    number &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encode_labels(of: Labels) -> bytes:
    """The `labels` fields of a TimeSeries."""
    out = bytearray()
    for name, value in of:
        name_bytes, value_bytes = name.encode(), value.encode()
        body = b"\x0a" + varint(len(name_bytes)) + name_bytes + b"\x12" + varint(len(value_bytes)) + value_bytes
        out += b"\x0a" + varint(len(body)) + body
    return bytes(out)


def encode_sample(value: float, at_ms: int) -> bytes:
    """One `samples` field of a TimeSeries; zero values and times are written too."""
    body = b"\x09" + _DOUBLE.pack(value) + b"\x10" + varint(at_ms)
    return b"\x12" + varint(len(body)) + body


def encode_write_request(series: Iterable[tuple[bytes, float, int]]) -> bytes:
    """An uncompressed WriteRequest of (label bytes, value, epoch milliseconds), one sample a series."""
    parts: list[bytes] = []
    for label_bytes, value, at_ms in series:
        body = label_bytes + encode_sample(value, at_ms)
        parts += (b"\x0a", varint(len(body)), body)
    return b"".join(parts)


def compress(body: bytes) -> bytes:
    """The body as one snappy block."""
    return bytes(cramjam.snappy.compress_raw(body))
