"""Informs that were sent again: the sender heard no answer, and what it says is what it said.

The answer may have been lost, or have come too late. An inform that is sent again has the same request-id (RFC 3416
section 4.2.7), sysUpTime and objects.
"""

from __future__ import annotations

from collections import OrderedDict

from agent.traps.notification import Notification

MOST_REMEMBERED = 10_000
SECONDS = 300.0  # longer than devices try: often three times, thirty seconds apart

Key = tuple[str, int | None, int | None, int]


class Resent:
    """Remembers the informs of the last `SECONDS`."""

    def __init__(self) -> None:
        self._heard: OrderedDict[Key, float] = OrderedDict()  # oldest first

    def is_resent(self, one: Notification, now: float) -> bool:
        """Whether an inform was heard before `now` (monotonic seconds); a trap never was: nobody sends it again."""
        if one.request_id is None:
            return False
        key = _key(one)
        before = self._heard.get(key)
        if before is not None and now - before < SECONDS:
            return True
        self._heard[key] = now
        self._heard.move_to_end(key)
        if len(self._heard) > MOST_REMEMBERED:
            self._heard.popitem(last=False)
        return False

    def forget(self, one: Notification) -> None:
        """Nobody was told after all: it is to be told when it is sent again."""
        self._heard.pop(_key(one), None)


def _key(one: Notification) -> Key:
    return one.source, one.request_id, one.uptime, hash((one.oid, one.varbinds, one.context))
