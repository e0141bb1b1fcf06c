"""How fast one sender may bring new series, so that one that makes them up without end cannot slow the others."""

from __future__ import annotations

import math
from collections import OrderedDict

from core.errors import Overloaded

_REMEMBERED = 65_536
_BURST_SECONDS = 10.0


class Births:
    """An allowance of new series a sender: it refills at `per_second` up to ten seconds' worth.

    A push with new series is taken while anything of the allowance is left, however many it brings; the debt is paid
    off before the next such push. So no push is too large for ever, and known series never wait.
    """

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # sender → (series, at)

    def check(self, sender: str, now: float) -> None:
        """Whether a sender may bring new series at `now`, seconds on a monotonic clock.

        Raises:
            Overloaded: it has to pay off its debt first.
        """
        left = self._balance(sender, now)
        if left <= 0:
            raise Overloaded(
                f"{sender} brings new series faster than {self._per_second:g} a second; send this push again later",
                retry_after_seconds=max(1.0, math.ceil(-left / self._per_second)),
            )

    def count(self, sender: str, born: int, now: float) -> None:
        """Put new series on a sender's account."""
        self._left[sender] = self._balance(sender, now) - born, now
        self._left.move_to_end(sender)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)

    def _balance(self, sender: str, now: float) -> float:
        most = _BURST_SECONDS * self._per_second
        left, at = self._left.get(sender, (most, now))
        return min(most, left + (now - at) * self._per_second)
