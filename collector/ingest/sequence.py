"""Replays: a push that an agent sends again because the answer to the first got lost is taken once."""

from __future__ import annotations

from collections import OrderedDict

_REMEMBERED = 65_536  # boots of agents; the longest silent is forgotten first


class Sequences:
    """The highest sequence number taken, by agent and boot.

    Kept in memory only: after a restart of the collector a replay meets its own samples in the store, which
    are no fault there either.
    """

    def __init__(self) -> None:
        self._taken: OrderedDict[tuple[str, str], int] = OrderedDict()

    def seen(self, agent: str, boot: str, sequence: int) -> bool:
        """Whether a push with this number, or a later one, was taken."""
        return sequence <= self._taken.get((agent, boot), -1)

    def record(self, agent: str, boot: str, sequence: int) -> None:
        """A push was taken."""
        key = (agent, boot)
        self._taken[key] = max(sequence, self._taken.get(key, -1))
        self._taken.move_to_end(key)
        if len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)
