"""What the series journal says: which label set owns which row, as a sequence of checksummed records.

One record tells of all series that one push brought, or that one sweep retired::

    header   magic "fWsJ", kind u8, payload length u32, CRC-32 of kind and payload u32; little-endian
    birth    sender length u16, sender, count u32, rows u32[count], key lengths u32[count], keys
    retired  rows u32[...]

A key is the label set in remote-write encoding.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from collector.series.key_file import Places, places_of

_HEADER = struct.Struct("<4sBII")
_MAGIC = b"fWsJ"
_BIRTH, _RETIRED = 1, 2
_U32 = np.dtype("<u4")


@dataclass(frozen=True, slots=True)
class Birth:
    """Rows that a sender's new series took; `keys` are their label sets."""

    sender: str
    ids: Sequence[int]
    keys: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Retirement:
    """Rows that became free."""

    ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Replay:
    """What a journal's bytes tell.

    Attributes:
        records: every sound record, in order.
        starts: [records] where each begins.
        sound_bytes: how far the file goes before a torn last record.
        lost_bytes: bytes that are neither sound nor the torn end: damage; 0 after any kill.
    """

    records: list[Birth | Retirement]
    starts: list[int]
    sound_bytes: int
    lost_bytes: int


def replay(content: bytes) -> Replay:
    """Read a journal's records, skipping damage to the next sound one."""
    records: list[Birth | Retirement] = []
    starts: list[int] = []
    at, lost = 0, 0
    while at < len(content):
        record, end = _read(content, at)
        if record is not None:
            records.append(record)
            starts.append(at)
            at = end
            continue
        resumed = _next_sound(content, at + 1)
        if resumed is None:
            torn = end > len(content)
            return Replay(records, starts, at, lost if torn else lost + len(content) - at)
        lost += resumed - at
        at = resumed
    return Replay(records, starts, at, lost)


def _next_sound(content: bytes, start: int) -> int | None:
    at = content.find(_MAGIC, start)
    while at >= 0:
        if _read(content, at)[0] is not None:
            return at
        at = content.find(_MAGIC, at + 1)
    return None


def _read(content: bytes, at: int) -> tuple[Birth | Retirement | None, int]:
    """The record at an offset, or None, and where it ends by its own account."""
    if len(content) - at < _HEADER.size:
        # Fewer bytes than a header are a torn end only if they begin one.
        return None, len(content) + 1 if _MAGIC.startswith(content[at : at + 4]) or content[
            at : at + 4
        ] == _MAGIC else at
    magic, kind, length, checksum = _HEADER.unpack_from(content, at)
    if magic != _MAGIC:
        return None, at
    start, end = at + _HEADER.size, at + _HEADER.size + length
    payload = content[start:end]
    if end > len(content) or zlib.crc32(payload, kind) != checksum:
        return None, end
    return (_decode_birth(payload) if kind == _BIRTH else Retirement(np.frombuffer(payload, _U32).tolist())), end


def _decode_birth(payload: bytes) -> Birth:
    (sender_length,) = struct.unpack_from("<H", payload, 0)
    sender = payload[2 : 2 + sender_length].decode()
    (count,) = struct.unpack_from("<I", payload, 2 + sender_length)
    at = 6 + sender_length
    ids: NDArray[np.uint32] = np.frombuffer(payload, _U32, count, at)
    lengths: NDArray[np.uint32] = np.frombuffer(payload, _U32, count, at + 4 * count)
    bounds = accumulate(lengths.tolist(), initial=at + 8 * count)
    return Birth(sender, ids.tolist(), [payload[start:end] for start, end in pairwise(bounds)])


def key_places(birth: Birth, start: int) -> Places:
    """[keys] where the keys of a birth stand, given where its record begins."""
    lengths = np.fromiter(map(len, birth.keys), np.int64, len(birth.keys))
    fixed = _HEADER.size + 2 + len(birth.sender.encode()) + 4 + 8 * len(birth.keys)
    return places_of(start + fixed, lengths)


def encode(record: Birth | Retirement) -> bytes:
    """A record as it stands in the file."""
    if isinstance(record, Retirement):
        kind, payload = _RETIRED, np.asarray(record.ids, _U32).tobytes()
    else:
        sender = record.sender.encode()
        lengths = np.fromiter(map(len, record.keys), _U32, len(record.keys))
        head = struct.pack("<H", len(sender)) + sender + struct.pack("<I", len(record.ids))
        kind = _BIRTH
        payload = b"".join([head, np.asarray(record.ids, _U32).tobytes(), lengths.tobytes(), *record.keys])
    return _HEADER.pack(_MAGIC, kind, len(payload), zlib.crc32(payload, kind)) + payload
