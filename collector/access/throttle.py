"""Slowing down who guesses: failures are counted per key, leak away with time, and block above a limit.

A leaky bucket per key: each attempt adds one until it turns out right, one leaks away every
`leak_seconds`. While a bucket is above its limit every attempt with that key is refused, a right one too.
Memory is bounded: the keys that failed longest ago go first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """How many failures a key may have, and how long one counts."""

    limit: int
    leak_seconds: float


# One name from one address: ten tries, then one every half minute.
ACCOUNT = Policy(limit=10, leak_seconds=30)
# One address over all names: a whole office behind one address mistypes less than this.
ADDRESS = Policy(limit=100, leak_seconds=1)
# One wrong token from one address: a forgotten agent must not cost its neighbours anything.
TOKEN = Policy(limit=20, leak_seconds=5)
# Wrong tokens of one address together: nobody guesses 256 bits, so this only spares the database.
TOKEN_ADDRESS = Policy(limit=1000, leak_seconds=0.05)

KEYS = 20_000


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float


class Throttle:
    """Failures by key under one policy; times are monotonic seconds."""

    def __init__(self, policy: Policy, keys: int = KEYS) -> None:
        self._policy = policy
        self._keys = keys
        self._buckets: OrderedDict[tuple[str, ...], _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait_seconds(self, key: tuple[str, ...], now: float) -> float:
        """Seconds until an attempt with this key is heard again; 0 when it is heard now."""
        bucket = self._buckets.get(key)
        if bucket is None:
            return 0.0
        excess = self._level(bucket, now) - (self._policy.limit - 1)
        return max(0.0, excess * self._policy.leak_seconds)

    def charge(self, key: tuple[str, ...], now: float) -> None:
        """Count one attempt as failed; before it is checked, so that many at once do not all slip through."""
        bucket = self._buckets.pop(key, None)
        level = 0.0 if bucket is None else self._level(bucket, now)
        self._buckets[key] = _Bucket(level + 1, now)
        while len(self._buckets) > self._keys:
            self._buckets.popitem(last=False)

    def refund(self, key: tuple[str, ...]) -> None:
        """Take back one attempt that turned out right."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.level = max(0.0, bucket.level - 1)

    def clear(self, key: tuple[str, ...]) -> None:
        """Forget the failures of who has proven themselves."""
        self._buckets.pop(key, None)

    def _level(self, bucket: _Bucket, now: float) -> float:
        return max(0.0, bucket.level - (now - bucket.at) / self._policy.leak_seconds)
