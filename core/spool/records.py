"""Records of the spool: checksummed, and found again behind damage.

Wire shape, little-endian::

    magic "FWr1" | crc32 u32 | length u32 | boot u64 | sequence u64 | created_at_ms i64 | samples u32 | body

The CRC-32 (zlib's) covers everything after itself. `length` is the body's. A record that is torn or corrupt
costs itself only: `scan` goes on at the next magic that begins a whole record.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

MAGIC = b"FWr1"
_HEAD = struct.Struct("<4sI")
_META = struct.Struct("<IQQqI")
HEADER_SIZE = _HEAD.size + _META.size
LARGEST_BODY = 64 * 2**20  # more is no length but damage


class Record(NamedTuple):
    """One push, ready to send.

    Attributes:
        boot: 16 hex digits, of the process that made it.
        sequence: increasing within the boot.
        created_at_ms: epoch milliseconds on the agent's clock.
        samples: how many samples are in it.
        body: a snappy-compressed remote-write request.
    """

    boot: str
    sequence: int
    created_at_ms: int
    samples: int
    body: bytes


class Found(NamedTuple):
    """A whole record between `start` and `end` of a buffer."""

    record: Record
    start: int
    end: int


def encode(record: Record) -> bytes:
    """The record as it stands on disk."""
    meta = _META.pack(len(record.body), int(record.boot, 16), record.sequence, record.created_at_ms, record.samples)
    return _HEAD.pack(MAGIC, zlib.crc32(record.body, zlib.crc32(meta))) + meta + record.body


def size(record: Record) -> int:
    """How many bytes the record takes on disk."""
    return HEADER_SIZE + len(record.body)


def body_length(header: bytes) -> int | None:
    """The length of the body that follows `header`; None when it is no header."""
    if len(header) != HEADER_SIZE or not header.startswith(MAGIC):
        return None
    length = int(_META.unpack_from(header, _HEAD.size)[0])
    return length if length <= LARGEST_BODY else None


def decode(data: bytes, start: int = 0) -> Found | None:
    """The record that begins exactly at `start`; None when none does, or it is torn or corrupt."""
    length = body_length(data[start : start + HEADER_SIZE])
    end = start + HEADER_SIZE + (length or 0)
    if length is None or end > len(data):
        return None
    if zlib.crc32(memoryview(data)[start + _HEAD.size : end]) != _HEAD.unpack_from(data, start)[1]:
        return None
    _, boot, sequence, created_at_ms, samples = _META.unpack_from(data, start + _HEAD.size)
    return Found(Record(f"{boot:016x}", sequence, created_at_ms, samples, data[end - length : end]), start, end)


def scan(data: bytes, start: int = 0) -> Found | None:
    """The first whole record at or after `start`; None when there is none."""
    while (at := data.find(MAGIC, start)) >= 0:
        found = decode(data, at)
        if found is not None:
            return found
        start = at + 1
    return None
