"""Bounded memory for requests in flight: what does not fit is asked to come again."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from core.errors import Overloaded

_RETRY_AFTER_SECONDS = 2.0


class Pressure:
    """Bytes that requests being taken in hold, against a limit."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self.in_flight = 0

    def hold(self, size: int = 0) -> Hold:
        """Hold `size` bytes for the time of a `with` block, and what is added to them there.

        Raises:
            Overloaded: they would exceed the limit.
        """
        held = Hold(self)
        held.add(size)
        return held

    def take(self, size: int) -> None:
        if self.in_flight + size > self._limit:
            raise Overloaded(
                f"{self.in_flight} bytes of pushes are being taken in; {size} more do not fit",
                retry_after_seconds=_RETRY_AFTER_SECONDS,
            )
        self.in_flight += size

    def release(self, size: int) -> None:
        self.in_flight -= size


class Hold:
    """What one request holds; released at the end of its `with` block."""

    def __init__(self, pressure: Pressure) -> None:
        self._pressure = pressure
        self._size = 0

    def add(self, size: int) -> None:
        """Hold `size` bytes more.

        Raises:
            Overloaded: they would exceed the limit.
        """
        self._pressure.take(size)
        self._size += size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._pressure.release(self._size)
        self._size = 0
