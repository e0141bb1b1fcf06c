"""Bounded memory for requests in flight: what does not fit is asked to come again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import Overloaded

_RETRY_AFTER_SECONDS = 2.0


class Pressure:
    """Bytes that requests being taken in hold, against a limit."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self.in_flight = 0

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Hold `size` bytes for the time of the block.

        Raises:
            Overloaded: they would exceed the limit.
        """
        if self.in_flight + size > self._limit:
            raise Overloaded(
                f"{self.in_flight} bytes of pushes are being taken in; {size} more do not fit",
                retry_after_seconds=_RETRY_AFTER_SECONDS,
            )
        self.in_flight += size
        try:
            yield
        finally:
            self.in_flight -= size
