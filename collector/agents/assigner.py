"""Hands polling targets to agents, every few seconds and when something changes."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client import Counter as CounterMetric
from sqlalchemy.ext.asyncio import AsyncSession

from collector.agents import polling_store, store
from collector.agents.assignment import Wanted, assign
from collector.agents.polling_store import Placed
from collector.agents.presence import Contact, Presence
from collector.agents.roster import Roster
from core.clock import Clock, to_datetime
from core.database import Database
from core.errors import StorageError
from core.log import get_logger

log = get_logger(__name__)

EVERY_SECONDS = 10.0


class PollingMetrics:
    """How many targets are polled, and how often they move."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.targets = Gauge(
            "forewatch_polling_targets", "Targets of central configuration, by whether an agent polls them.", ["state"],
            registry=registry,
        )  # fmt: skip
        self.moves = CounterMetric(
            "forewatch_polling_target_moves_total", "Targets handed from one agent to another.", registry=registry
        )
        self.documents = CounterMetric(
            "forewatch_agent_config_requests_total", "Requests of agents for their configuration, by answer.",
            ["result"], registry=registry,
        )  # fmt: skip
        for state in ("assigned", "unassigned"):
            self.targets.labels(state)
        for result in ("sent", "unchanged"):
            self.documents.labels(result)


class Assigner:
    """Keeps every target with an agent that can poll it.

    Attributes:
        outdated: agents whose document changed since they asked for it; told at their next push, so that they need
            not wait out their minute. It is a hint: what is missing here is noticed a little later.
    """

    def __init__(
        self, database: Database, roster: Roster, clock: Clock, metrics: PollingMetrics, presence: Presence
    ) -> None:
        self.outdated: set[str] = set()
        self._database = database
        self._roster = roster
        self._clock = clock
        self._metrics = metrics
        self._presence = presence

    async def run(self) -> None:
        """Look every few seconds, for ever."""
        while True:
            try:
                await self.step()
            except StorageError as error:
                log.warning("polling targets not assigned, trying again", error=error)
            await self._clock.sleep(EVERY_SECONDS)

    async def step(self) -> None:
        """Move what has to move.

        Raises:
            StorageError: the database refuses.
        """
        now = to_datetime(self._clock.now_ms())
        async with self._database.read() as session:
            rows = await polling_store.all_targets(session)
            wanted = await _wanted(session, rows)
            contacts = [self._contact(agent.name, agent.site or None) for agent in await store.all_agents(session)]
        pollers = {contact.name: self._presence.poller(contact, now) for contact in contacts}
        self._presence.forget(set(pollers))
        assigned = {row.id: None for row in rows} | assign(wanted, pollers)
        moves = {row.id: (row.holder, assigned[row.id]) for row in rows if row.holder != assigned[row.id]}
        if moves:
            await self._move(rows, moves, now)
        states = Counter("unassigned" if holder is None else "assigned" for holder in assigned.values())
        for state in ("assigned", "unassigned"):
            self._metrics.targets.labels(state).set(states[state])

    async def _move(
        self, rows: list[Placed], moves: dict[int, tuple[str | None, str | None]], now: dt.datetime
    ) -> None:
        async with self._database.write() as session:
            done = await polling_store.hand_over(session, moves, now)
        names = {row.id: row.name for row in rows}
        for target_id in done:
            before, after = moves[target_id]
            self.outdated |= {name for name in (before, after) if name is not None}
            self._metrics.moves.inc()
            log.info("polling target moved", target=names[target_id], before=before or "", after=after or "")

    def _contact(self, name: str, site: str | None) -> Contact:
        heard, asked = self._roster[name], self._roster.asked_at(name)
        words = [None if heard is None else heard.at, self._roster.pushed_at(name), asked]
        return Contact(name, site, max((at for at in words if at is not None), default=None), asked)


async def _wanted(session: AsyncSession, rows: list[Placed]) -> list[Wanted]:
    """What is to be polled: nothing whose item was removed, each in its own site or that of its item."""
    living = await polling_store.living(session)
    without = polling_store.ids_of(row.ci_id for row in rows if row.site is None)
    sites = await polling_store.sites_of(session, without & living)
    return list(_wanted_of(rows, living, sites))


def _wanted_of(rows: list[Placed], living: set[int], sites: dict[int, str]) -> Iterator[Wanted]:
    for row in rows:
        if row.ci_id is None or row.ci_id in living:
            site = row.site or (None if row.ci_id is None else sites.get(row.ci_id))
            yield Wanted(row.id, row.name, site, row.agent, row.may_move, row.holder)
