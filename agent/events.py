"""Events on their way to the collector: kept on disk until it has them, told as soon as they come.

The spool keeps them over an outage of the collector and a restart of the agent; when it is full or they are too
old, the oldest go first and are counted.
"""

from __future__ import annotations

import asyncio
import random as random_module
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent.http import CollectorClient, version
from agent.report_post import ReportPost
from core.clock import Clock, to_rfc3339
from core.facts import AgentReport, EventReport
from core.log import get_logger
from core.remote_write_answer import Outcome
from core.spool.losses import Drop
from core.spool.records import Record
from core.spool.spool import Limits, Spool

log = get_logger(__name__)

MOST_EVENTS = 500  # in one report
MOST_BYTES = 2**20
MAX_AGE_MS = 7 * 86_400_000


class EventQueue:
    """Keeps events and sends them.

    Args:
        folder: of the spool.
        client: a connection of its own: facts of many devices hold up no event.
        agent, boot: as in every report of this agent.

    Raises:
        StorageError: the folder cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        client: CollectorClient,
        clock: Clock,
        *,
        agent: str,
        boot: str,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.spool = Spool(folder, Limits(max_age_ms=MAX_AGE_MS, max_bytes=max_bytes))
        self._post = ReportPost(client, clock, what="events", random=random)
        self.outcomes = self._post.outcomes
        self._clock = clock
        self._agent = agent
        self._boot = boot
        self._arrived = asyncio.Event()
        self._most = MOST_EVENTS  # fewer after a report was refused, to find the event that is wrong
        self._decoder = msgspec.json.Decoder(EventReport)

    def keep(self, event: EventReport) -> None:
        """Take an event; never fails: what cannot be kept is counted."""
        self.spool.append(msgspec.json.encode(event), 1, self._clock.now_ms())
        self._arrived.set()

    async def run(self) -> None:
        """Send for ever; ends by cancellation."""
        while True:
            self._arrived.clear()
            records = self.spool.front(self._clock.now_ms(), MOST_BYTES)[: self._most]
            if not records:
                await self._arrived.wait()
                continue
            wait_seconds = await self.send(records)
            if wait_seconds:
                await self.spool.sync()
                await self._clock.sleep(wait_seconds)

    async def send(self, records: list[Record]) -> float:
        """Send some records in one report; returns how long to wait before the next."""
        try:
            events = [self._decoder.decode(record.body) for record in records]
        except msgspec.MsgspecError:  # of another version of the agent
            return self._drop_unreadable(records)
        report = AgentReport(
            agent=self._agent, boot=self._boot, sent_at=to_rfc3339(self._clock.now_ms()), version=version(),
            events=events,
        )  # fmt: skip
        outcome, wait_seconds = await self._post.post(report, waiting=self.spool.records)
        if outcome is Outcome.ACCEPTED:
            for record in records:
                self.spool.acknowledge(record)
            self._most = min(self._most * 2, MOST_EVENTS)
        elif outcome is Outcome.REJECTED and len(records) == 1:
            log.warning("collector refuses an event", kind=events[0].kind, target=events[0].target)
            self.spool.drop(records[0], Drop.REJECTED)
            return 0.0
        elif outcome is Outcome.REJECTED:
            self._most = max(len(records) // 2, 1)
            return 0.0
        return wait_seconds

    def _drop_unreadable(self, records: list[Record]) -> float:
        """Lose what this version cannot read, one at a time, and go on with the rest."""
        if len(records) > 1:
            self._most = 1
            return 0.0
        log.warning("an event that waited cannot be read")
        self.spool.drop(records[0], Drop.CORRUPT)
        return 0.0

    def close(self) -> None:
        """Put on disk what waits."""
        self.spool.close()
