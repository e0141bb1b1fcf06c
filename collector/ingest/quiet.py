"""Logging about senders that repeat themselves: one line each in a while, not one a push."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

_MOST_KEPT = 4096


@dataclass(slots=True)
class _Since:
    at: float
    left_out: int = 0


class Quiet:
    """Says when a line about a sender is due again; `seconds` pass between two."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: OrderedDict[str, _Since] = OrderedDict()

    def due(self, sender: str, now: float) -> int | None:
        """None while it is too early; else how many lines were left out since the last.

        Args:
            sender: who the line is about.
            now: seconds on a monotonic clock.
        """
        last = self._last.get(sender)
        if last is not None and now - last.at < self._seconds:
            last.left_out += 1
            return None
        self._last[sender] = _Since(now)
        self._last.move_to_end(sender)
        if len(self._last) > _MOST_KEPT:
            self._last.popitem(last=False)
        return 0 if last is None else last.left_out
