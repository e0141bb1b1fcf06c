"""How long to wait before another attempt: as long as the receiver asks for, and exponential back-off with full jitter.

Jitter, because a fleet that lost its collector together must not come back together.
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable

from core.clock import to_ms

LONGEST_RETRY_AFTER_SECONDS = 600.0


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


def retry_after_seconds(
    text: str | None, now_ms: int, longest_seconds: float = LONGEST_RETRY_AFTER_SECONDS
) -> float | None:
    """Seconds from a `Retry-After` header (RFC 9110 section 10.2.3), within bounds; None when it says nothing."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), longest_seconds)
    try:
        at_ms = to_ms(email.utils.parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None
    return min(max(at_ms - now_ms, 0) / 1000, longest_seconds)
