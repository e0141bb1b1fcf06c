"""The agents as they were last heard of, in memory: heartbeats cost no transaction each.

Most reports of a fleet say nothing but "still here". Those are noted here and written in batches; whatever
is new (a boot, a version, targets, events) goes to the database at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from collector.agents import store
from collector.agents.heard import Heard
from collector.agents.models import Agent
from core.clock import Clock
from core.database import Database
from core.errors import StorageError
from core.log import get_logger

log = get_logger(__name__)

FLUSH_SECONDS = 30.0


class Roster:
    """The last report by agent name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heard: dict[str, Heard] = {}
        self._unwritten: set[str] = set()
        self._pushed: dict[str, dt.datetime] = {}
        self._asked: dict[str, dt.datetime] = {}

    async def load(self) -> None:
        """Begin with what the database knows."""
        async with self._database.read() as session:
            agents = await store.all_agents(session)
        self._heard = dict(_heard_of(agents))

    def __getitem__(self, name: str) -> Heard | None:
        return self._heard.get(name)

    def items(self) -> list[tuple[str, Heard]]:
        """By name; metrics are collected in another thread, which must not meet a change halfway."""
        return sorted(self._heard.copy().items())

    def is_heartbeat(self, name: str, boot: str, version: str) -> bool:
        """Whether the agent said the same about itself the last time."""
        known = self._heard.get(name)
        return known is not None and known.boot == boot and known.version == version

    def note(self, name: str, heard: Heard, *, written: bool) -> None:
        """Keep a report; `written` when the database has it already."""
        self._heard[name] = heard
        if written:
            self._unwritten.discard(name)
        else:
            self._unwritten.add(name)

    def pushed(self, name: str, now: dt.datetime) -> None:
        """Samples of the agent came; kept in memory only."""
        self._pushed[name] = now

    def pushed_at(self, name: str) -> dt.datetime | None:
        """When samples of the agent last came to this process; None when none have."""
        return self._pushed.get(name)

    def asked(self, name: str, now: dt.datetime) -> None:
        """The agent asked for its configuration; kept in memory only."""
        self._asked[name] = now

    def asked_at(self, name: str) -> dt.datetime | None:
        """When the agent last asked this process for its configuration; None when it has not."""
        return self._asked.get(name)

    def forget(self, name: str) -> None:
        """The agent was retired."""
        self._heard.pop(name, None)
        self._pushed.pop(name, None)
        self._asked.pop(name, None)
        self._unwritten.discard(name)

    async def flush(self) -> None:
        """Write the heartbeats; what cannot be written is kept for the next time.

        Raises:
            StorageError: the database refuses.
        """
        names, self._unwritten = self._unwritten, set()
        if not names:
            return
        try:
            async with self._database.write() as session:
                await store.write_heard(session, {name: self._heard[name] for name in names if name in self._heard})
        except BaseException:
            self._unwritten |= names
            raise

    async def run(self, clock: Clock) -> None:
        """Flush every half minute, for ever."""
        while True:
            await clock.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except StorageError as error:
                log.warning("heartbeats not written, trying again", error=error)


class RosterMetrics(Collector):
    """Agents as metrics, so that rules can watch them."""

    def __init__(self, roster: Roster, registry: CollectorRegistry) -> None:
        self._roster = roster
        registry.register(self)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        seen = GaugeMetricFamily(
            "forewatch_agent_last_report_timestamp_seconds",
            "When the agent last reported, by the collector's clock.",
            labels=["agent"],
        )
        for name, heard in self._roster.items():
            seen.add_metric([name], heard.at.timestamp())
        yield seen

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Names only, so that registering does not collect."""
        return self.collect()


def _heard_of(agents: Iterable[Agent]) -> Iterator[tuple[str, Heard]]:
    for agent in agents:
        if agent.last_report_at is not None:
            yield (
                agent.name,
                Heard(
                    boot=agent.boot or "",
                    version=agent.version or "",
                    at=agent.last_report_at,
                    clock_skew_seconds=agent.clock_skew_seconds or 0.0,
                    address=agent.address or "",
                ),
            )
