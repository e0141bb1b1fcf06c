"""Exponential back-off with full jitter: a fleet that lost its collector together does not come back together."""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    """Delays drawn evenly from [0, bound), the bound doubling from `first_seconds` up to `cap_seconds`.

    Args:
        random: numbers from [0, 1), `random.random` outside of tests.
    """

    def __init__(self, random: Callable[[], float], *, first_seconds: float = 1, cap_seconds: float = 60) -> None:
        self._random = random
        self._first = self._bound = first_seconds
        self._cap = cap_seconds

    def next_seconds(self) -> float:
        """How long to wait after one more failure."""
        delay = self._random() * self._bound
        self._bound = min(self._bound * 2, self._cap)
        return delay

    def reset(self) -> None:
        """It went well: the next failure begins anew."""
        self._bound = self._first
