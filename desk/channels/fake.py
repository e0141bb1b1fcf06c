"""A channel that keeps what it is given, for tests and for trying out configuration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from desk.channels.base import ChannelError, Delivery


class FakeChannel:
    """Keeps deliveries in `taken`, one per key as a real receiver should; fails while `error` is set.

    `before` is awaited with every attempt, so that a test can hold it up.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.taken: dict[str, Delivery] = {}
        self.attempts: list[str] = []
        self.error: ChannelError | None = None
        self.before: Callable[[Delivery], Awaitable[None]] | None = None
        self.closed = False

    @property
    def name(self) -> str:
        return self._name

    async def send(self, delivery: Delivery) -> None:
        self.attempts.append(delivery.key)
        if self.before is not None:
            await self.before(delivery)
        if self.error is not None:
            raise self.error
        self.taken.setdefault(delivery.key, delivery)

    async def close(self) -> None:
        self.closed = True
