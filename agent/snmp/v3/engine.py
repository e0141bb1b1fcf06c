"""What is known of a device's SNMP engine (RFC 3414 section 2.3); kept between polls."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.snmp.user import User
from agent.snmp.v3.keys import auth_key, priv_key


@dataclass(slots=True)
class Engine:
    """An engine and the user's keys for it.

    Attributes:
        user: whose keys these are.
        boots, time: as the engine said last: how often it started, and how many seconds ago.
        heard_at: when that was, by our clock.
        proven: whether it has answered this user at the full level of security.
        doubtful: whether to ask for its identity again before the next request.
    """

    user: User = field(repr=False)
    id: bytes
    boots: int
    time: int
    heard_at: float
    auth_key: bytes = field(repr=False)
    priv_key: bytes = field(repr=False)
    proven: bool = False
    doubtful: bool = False

    @classmethod
    def of(cls, user: User, engine_id: bytes, boots: int, time: int, now: float) -> Engine:
        """An engine met for the first time."""
        return cls(user, engine_id, boots, time, now, auth_key(user, engine_id), priv_key(user, engine_id))

    def time_at(self, now: float) -> int:
        """Its time by our clock: after any idle time a request is within the engine's window of 150 seconds."""
        return min(self.time + int(now - self.heard_at), 2**31 - 1)

    def hear(self, boots: int, time: int, now: float) -> None:
        """Take its word: it comes signed, in answer to a message with a number that nobody could know."""
        self.boots, self.time, self.heard_at = boots, time, now
