"""Which traps say again what was said: those are counted and go no further."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from agent.traps.event import Reading
from core.facts import EventAlert

MOST_REMEMBERED = 20_000

Key = tuple[str, ...]


class Repeats:
    """Remembers what was said within `seconds`.

    A trap about a trouble is a repeat only as long as nothing else was said of the trouble: down, up, down are three
    events however fast they come.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._said: OrderedDict[Key, tuple[bool, float]] = OrderedDict()  # oldest first

    def is_repeat(self, reading: Reading, now: float) -> bool:
        """Whether a trap says nothing new at `now` (monotonic seconds); it is remembered either way."""
        states = _states(reading)
        repeat = all(self._is_known(key, state, now) for key, state in states)
        if not repeat:
            for key, state in states:
                self._remember(key, state, now)
        return repeat

    def forget(self, reading: Reading) -> None:
        """Nobody heard it after all: it is to be told when it is said again."""
        for key, _ in _states(reading):
            self._said.pop(key, None)

    def _is_known(self, key: Key, state: bool, now: float) -> bool:  # noqa: FBT001 - the state is one
        known = self._said.get(key)
        return known is not None and known[0] is state and now - known[1] < self._seconds

    def _remember(self, key: Key, state: bool, now: float) -> None:  # noqa: FBT001 - the state is one
        self._said[key] = (state, now)
        self._said.move_to_end(key)
        if len(self._said) > MOST_REMEMBERED:
            self._said.popitem(last=False)


def _states(reading: Reading) -> Sequence[tuple[Key, bool]]:
    """What a trap says: of each trouble whether it is there; the trap itself when it is about none."""
    if not reading.event.alerts:
        return [(("", *reading.identity), True)]
    return [(_trouble(alert), alert.firing) for alert in reading.event.alerts]


def _trouble(alert: EventAlert) -> Key:
    return (alert.name, alert.severity, *(f"{name}={value}" for name, value in sorted(alert.labels.items())))
