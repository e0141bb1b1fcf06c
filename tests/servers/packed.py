"""Objects of a device in one buffer, sorted, so that a file of them needs no reading before it answers.

The layout: how many objects there are, where each begins, and the objects: length of the key, key, encoded value. A
key is an OID's arcs of four octets each, which sort as OIDs do.
"""

from __future__ import annotations

import bisect
import struct
from array import array
from collections.abc import Iterable, Iterator
from mmap import mmap

from tests.servers import ber

Mib = list[tuple[ber.Oid, bytes]]

_COUNT = struct.Struct("=Q")
_LENGTH = struct.Struct("=H")


def pack(mib: Mib) -> bytes:
    """A buffer of objects that are sorted already."""
    objects = [_object(_key(name), value) for name, value in mib]
    places = array("Q", [0])
    for packed in objects:
        places.append(places[-1] + len(packed))
    return _COUNT.pack(len(mib)) + places.tobytes() + b"".join(objects)


class Packed:
    """The objects of a buffer."""

    def __init__(self, buffer: bytes | mmap) -> None:
        (count,) = _COUNT.unpack_from(buffer)
        start = _COUNT.size
        end = start + 8 * (count + 1)
        self._places = array("Q", buffer[start:end])
        self._buffer, self._start, self._range = buffer, end, range(count)

    def find(self, names: Iterable[ber.Oid]) -> Iterator[tuple[ber.Oid, bytes | None]]:
        """Each of the objects; None for one that is not there."""
        for name in names:
            key = _key(name)
            place = bisect.bisect_left(self._range, key, key=self._key_at)
            there = place < len(self._range) and self._key_at(place) == key
            yield name, self._value_at(place) if there else None

    def after(self, name: ber.Oid, most: int) -> Iterator[tuple[ber.Oid, bytes]]:
        """The next objects, in their order."""
        start = bisect.bisect_right(self._range, _key(name), key=self._key_at)
        for place in self._range[start : start + most]:
            key = self._key_at(place)
            yield struct.unpack(f">{len(key) // 4}I", key), self._value_at(place)

    def _key_at(self, place: int) -> bytes:
        at = self._start + self._places[place]
        (length,) = _LENGTH.unpack_from(self._buffer, at)
        return self._buffer[at + _LENGTH.size : at + _LENGTH.size + length]

    def _value_at(self, place: int) -> bytes:
        at = self._start + self._places[place]
        (length,) = _LENGTH.unpack_from(self._buffer, at)
        return self._buffer[at + _LENGTH.size + length : self._start + self._places[place + 1]]


def _key(name: ber.Oid) -> bytes:
    return struct.pack(f">{len(name)}I", *name)


def _object(key: bytes, value: bytes) -> bytes:
    return _LENGTH.pack(len(key)) + key + value
