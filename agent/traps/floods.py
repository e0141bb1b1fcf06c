"""Who sent so much that limits dropped it: an event a minute for each of the worst, besides the counters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from agent.traps.limits import Drop
from core.clock import to_rfc3339
from core.facts import EventReport

EVERY_SECONDS = 60.0
MOST_SOURCES = 1000  # that are told apart; addresses can be made up
MOST_TOLD = 10  # at a time
NAME = "trapsDropped"

_WHY = {
    Drop.SOURCE_RATE: "more than one source may send (traps.rate)",
    Drop.TOTAL_RATE: "more than all sources together may send (traps.total_rate)",
}


@dataclass(frozen=True, slots=True)
class Flood:
    """What limits dropped of one source.

    Attributes:
        seconds: how long it has been counted.
    """

    source: str
    reason: Drop
    count: int
    seconds: float

    def event(self, instance: str, at_ms: int) -> EventReport:
        """What the collector is to keep of it, with the device's name."""
        seconds = round(self.seconds)
        return EventReport(
            at=to_rfc3339(at_ms), kind="trap", target=instance,
            message=f"{self.count} traps of {instance} dropped in {seconds} s: {_WHY[self.reason]}",
            attributes={
                "trap": NAME, "severity": "warning", "source": self.source, "reason": self.reason.value,
                "count": str(self.count),
            },
        )  # fmt: skip


class Floods:
    """Counts what limits drop, by source."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, Drop]] = Counter()
        self._since = 0.0

    def note(self, source: str, reason: Drop, now: float) -> None:
        """A datagram of `source` was dropped at `now` (monotonic seconds); reasons that are no limits are left out."""
        if reason not in _WHY:
            return
        if not self._counts:
            self._since = now
        key = (source, reason)
        if key in self._counts or len(self._counts) < MOST_SOURCES:
            self._counts[key] += 1

    def due(self, now: float) -> list[Flood]:
        """The worst of the last `EVERY_SECONDS`; nothing before that."""
        seconds = now - self._since
        if not self._counts or seconds < EVERY_SECONDS:
            return []
        worst = [Flood(*key, count, seconds) for key, count in self._counts.most_common(MOST_TOLD)]
        self._counts.clear()
        return worst
