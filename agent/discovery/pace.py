"""How fast a sweep may send: so many packets a second, evenly, however many tasks want to."""

from __future__ import annotations

from core.clock import Clock


class Pace:
    """Hands out turns.

    Args:
        per_second: packets.
        clock: tells time and waits.

    Attributes:
        sent: how many turns were taken.
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        self.sent = 0
        self._spacing = 1 / per_second
        self._clock = clock
        self._next = 0.0  # monotonic, when the next turn is

    async def turn(self, packets: int = 1) -> None:
        """Return when so many packets may be sent; a pause gives no right to a burst afterwards."""
        now = self._clock.monotonic()
        mine = max(self._next, now)
        self._next = mine + self._spacing * packets
        self.sent += packets
        if mine > now:
            await self._clock.sleep(mine - now)
