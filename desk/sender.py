"""Emptying the outbox: one lane a channel, so that one receiver's trouble stays its own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping

from core.clock import Clock, to_datetime
from core.database import Database
from core.errors import StorageError
from core.log import get_logger
from desk import outbox_store
from desk.channels.base import Channel
from desk.lane import Lane
from desk.metrics import DeskMetrics
from desk.outbox import GIVE_UP_AFTER
from desk.queries import open_by_priority

log = get_logger(__name__)

COUNT_SECONDS = 5.0


class OutboxSender:
    """Sends what is in the outbox, at least once, in order per incident and channel.

    Args:
        channels: by name, as `desk.channels.build_channels` makes them.
        external_url: where people reach this Forewatch, for links in notifications; empty when unknown.
        alone: no other process sends from this database, so the leases of a killed predecessor are taken back.
        fraction: evenly random in [0, 1), for the jitter of retries.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        channels: Mapping[str, Channel],
        metrics: DeskMetrics,
        *,
        external_url: str = "",
        alone: bool = False,
        fraction: Callable[[], float] = random.random,
    ) -> None:
        self.external_url = external_url
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._alone = alone
        self._lanes = {name: Lane(database, clock, one, metrics, fraction) for name, one in channels.items()}

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels that a page goes to."""
        return tuple(self._lanes)

    def wake(self) -> None:
        """Something new was committed: send it now."""
        for lane in self._lanes.values():
            lane.awake.set()

    async def run(self) -> None:
        """Send until cancelled; the channels are closed then."""
        try:
            if self._alone:
                await self._take_back()
            async with asyncio.TaskGroup() as group:
                for lane in self._lanes.values():
                    group.create_task(lane.run())
                group.create_task(self._keep_count())
        finally:
            for lane in self._lanes.values():
                await lane.channel.close()

    async def count(self) -> None:
        """Bring the desk's gauges up to date; expired rows of channels that are gone become dead letters.

        Raises:
            StorageError: the database refused.
        """
        now = to_datetime(self._clock.now_ms())
        async with self._database.read() as session:
            counts = await outbox_store.counts(session)
            open_incidents = await open_by_priority(session)
        oldest = counts.oldest_created_at
        if oldest is not None and now - oldest >= GIVE_UP_AFTER:
            async with self._database.write() as session:
                buried = await outbox_store.bury_unclaimed(session, self.channels, now)
                counts = await outbox_store.counts(session)
            if buried:
                log.error("notifications of channels that are gone given up", count=buried)
        for priority, number in open_incidents.items():
            self._metrics.open_incidents.labels(priority.value).set(number)
        self._metrics.pending.set(counts.pending)
        self._metrics.dead_letters.set(counts.dead)
        self._metrics.oldest_age.set(0 if oldest is None else max((now - oldest).total_seconds(), 0))

    async def _keep_count(self) -> None:
        while True:
            try:
                await self.count()
            except StorageError as error:
                log.error("outbox cannot be counted", error=error)
            except Exception:
                log.exception("outbox count failed")  # sending goes on
            await self._clock.sleep(COUNT_SECONDS)

    async def _take_back(self) -> None:
        try:
            async with self._database.write() as session:
                await outbox_store.free_leases(session, self.channels)
        except StorageError as error:
            log.error("leases cannot be taken back; they run out by themselves", error=error)
