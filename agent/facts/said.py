"""Facts that the collector has, in few bytes: a thousand switches' would be sixty megabytes of objects."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import Self

import msgspec

from core.facts import Facts

_FAST = 1  # zlib's level: names of interfaces shrink to a fifth even so


@dataclass(frozen=True, slots=True)
class Said:
    """Facts as they were reported.

    Attributes:
        size: in bytes, as JSON.
    """

    size: int
    _digest: bytes
    _packed: bytes

    @classmethod
    def of(cls, facts: Facts) -> Self:
        """These facts, to be kept."""
        encoded = msgspec.json.encode(facts)
        return cls(len(encoded), _digest(facts), zlib.compress(encoded, _FAST))

    @property
    def facts(self) -> Facts:
        """The facts again."""
        return msgspec.json.decode(zlib.decompress(self._packed), type=Facts)

    def differ(self, now: Facts) -> bool:
        """Whether the facts now are others in anything but the uptime, which always is another."""
        return _digest(now) != self._digest


def _digest(facts: Facts) -> bytes:
    lasting = msgspec.structs.replace(facts, uptime_seconds=None)
    return hashlib.blake2b(msgspec.json.encode(lasting), digest_size=16).digest()
