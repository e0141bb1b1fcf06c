"""Who can be relied on to poll, from when each agent was last heard of; pure but for what it remembers.

An agent that has not been heard of for `silent_seconds` is away. Back again it is given nothing for
`stable_seconds`, so that targets do not go to and fro with an agent that does. In the first `silent_seconds` after
the collector's own start nobody counts as away: it may be the collector that was.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from collector.agents.assignment import Poller

# Agents ask for their configuration once a minute.
ASKS_WITHIN = dt.timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Contact:
    """An agent's last words.

    Attributes:
        heard_at: its last report, push or request for its configuration; None when there was none.
        asked_at: its last request for its configuration, to this process.
    """

    name: str
    site: str | None
    heard_at: dt.datetime | None
    asked_at: dt.datetime | None


class Presence:
    """Remembers who was away."""

    def __init__(self, started_at: dt.datetime, *, silent_seconds: float, stable_seconds: float) -> None:
        self._started_at = started_at
        self._silent = dt.timedelta(seconds=silent_seconds)
        self._stable = dt.timedelta(seconds=stable_seconds)
        self._away: set[str] = set()
        self._back_at: dict[str, dt.datetime] = {}

    def poller(self, contact: Contact, now: dt.datetime) -> Poller:
        """How far the agent can be relied on."""
        name = contact.name
        here = contact.heard_at is not None and now - contact.heard_at < self._silent
        asks = contact.asked_at is not None and now - contact.asked_at < max(self._silent, ASKS_WITHIN)
        too_soon = now - self._started_at < self._silent
        if here and name in self._away:
            self._away.discard(name)
            self._back_at[name] = now
        elif not here and not too_soon:
            self._away.add(name)
        back_at = self._back_at.get(name)
        proven = back_at is None or now - back_at >= self._stable
        return Poller(name, contact.site, keeps=here or too_soon, takes=here and asks and proven, asks=here and asks)

    def forget(self, names: set[str]) -> None:
        """Keep nothing about agents other than `names`."""
        self._away &= names
        self._back_at = {name: at for name, at in self._back_at.items() if name in names}
