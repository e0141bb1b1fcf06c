"""Clocks that are wrong: receive time drives alerting, so a skewed agent's samples are shifted to it."""

from __future__ import annotations

from collections import OrderedDict

TOLERATED_MS = 30_000
_REMEMBERED = 65_536


def settle(shift_ms: int, skew_ms: int) -> int:
    """The shift to go on with, when `shift_ms` is in force and the latest push shows `skew_ms`.

    It stays as it is while it explains the skew within the tolerance: delays on the network must not move
    neighbouring samples against each other. Otherwise the clock was stepped and the shift follows.
    """
    if abs(skew_ms - shift_ms) <= TOLERATED_MS:
        return shift_ms
    return skew_ms if abs(skew_ms) > TOLERATED_MS else 0


class Skews:
    """The shift in force, by agent and boot."""

    def __init__(self) -> None:
        self._shifts: OrderedDict[tuple[str, str], int] = OrderedDict()

    def shift_ms(self, agent: str, boot: str, skew_ms: int) -> int:
        """What to add to the times of a push that showed `skew_ms` (receive time less the agent's time)."""
        key = (agent, boot)
        shift = settle(self._shifts.get(key, 0), skew_ms)
        self._shifts[key] = shift
        self._shifts.move_to_end(key)
        if len(self._shifts) > _REMEMBERED:
            self._shifts.popitem(last=False)
        return shift
