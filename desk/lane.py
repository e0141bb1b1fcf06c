"""One channel's part of the outbox: lease what is due, send a few at once, settle each."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any

from core.clock import Clock, to_datetime
from core.database import Database
from core.errors import StorageError
from core.log import get_logger
from desk import outbox_store
from desk.channels.base import Channel, ChannelError, Delivery
from desk.metrics import DeskMetrics
from desk.models import OutboxRow
from desk.outbox import Dead, Delivered, Failed, Outcome, Retry, Sent, settle

log = get_logger(__name__)

LEASE = dt.timedelta(seconds=60)
LONGEST_ATTEMPT_SECONDS = 50  # a channel keeps its own, shorter time; this one keeps the lease
SENDS_AT_ONCE = 4  # of different incidents; of one incident only ever one
POLL_SECONDS = 5.0  # for rows that another process wrote
CONTENTION_SECONDS = 0.05  # another process is taking what was due
TROUBLE_SECONDS = 1.0
LAST_WORDS_SECONDS = 5.0  # what is being sent when the server stops may finish


class Lane:
    """Sends the notifications of one channel until cancelled; `awake` is set when there may be something new."""

    def __init__(
        self, database: Database, clock: Clock, channel: Channel, metrics: DeskMetrics, fraction: Callable[[], float]
    ) -> None:
        self.channel = channel
        self.awake = asyncio.Event()
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._fraction = fraction
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        try:
            while True:
                self.awake.clear()
                await self._rest(await self._begin())
        finally:
            if self._sending:
                _, late = await asyncio.wait(self._sending, timeout=LAST_WORDS_SECONDS)
                for task in late:
                    task.cancel()

    async def _begin(self) -> float | None:
        """Start what is due, as far as there is room; returns after how many seconds to look again, None when full."""
        room = SENDS_AT_ONCE - len(self._sending)
        if room == 0:
            return None
        try:
            return await self._lease(room)
        except StorageError as error:
            log.error("outbox cannot be read", channel=self.channel.name, error=error)
        except Exception:
            log.exception("outbox round failed", channel=self.channel.name)
        return TROUBLE_SECONDS

    async def _lease(self, room: int) -> float:
        now = self._now()
        async with self._database.read() as session:
            due = await outbox_store.next_due(session, self.channel.name, now)
        if due is None or due > now:
            return POLL_SECONDS if due is None else min(POLL_SECONDS, (due - now).total_seconds())
        async with self._database.write() as session:
            rows = await outbox_store.lease(session, self.channel.name, room, now, LEASE)
        for row in rows:
            task = asyncio.create_task(self._deliver(row))
            self._sending.add(task)
            task.add_done_callback(self._ended)
        return 0 if rows else CONTENTION_SECONDS

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self.awake.set()  # there is room again, and the next notification of this incident may go

    async def _rest(self, seconds: float | None) -> None:
        """Return when a send has ended, something new may be there, or the time has come."""
        waiting: list[asyncio.Task[Any]] = [asyncio.create_task(self.awake.wait())]
        if seconds is not None:
            waiting.append(asyncio.create_task(self._pause(seconds)))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    async def _pause(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    async def _deliver(self, row: OutboxRow) -> None:
        outcome = await self._attempt(row)
        now = self._now()
        verdict = settle(outcome, attempts=row.attempts, expires_at=row.expires_at, now=now, fraction=self._fraction())
        try:
            async with self._database.write() as session:
                await outbox_store.settle(session, row, verdict, now)
        except StorageError as error:
            # It is sent again when the lease has run out; the receiver knows the key by then.
            log.error("outcome of a notification cannot be recorded", key=row.idempotency_key, error=error)
            return
        self._tell(row, verdict, now)

    async def _attempt(self, row: OutboxRow) -> Outcome:
        delivery = Delivery(row.idempotency_key, row.thread_key, row.kind, row.payload, row.created_at)
        try:
            async with asyncio.timeout(LONGEST_ATTEMPT_SECONDS):
                await self.channel.send(delivery)
        except ChannelError as error:
            return Failed(str(error), permanent=error.permanent, retry_after_seconds=error.retry_after_seconds)
        except TimeoutError:
            return Failed(f"not done within {LONGEST_ATTEMPT_SECONDS} s")
        except Exception as error:
            log.exception("channel failed", channel=self.channel.name, key=row.idempotency_key)
            return Failed(f"{type(error).__name__}: {error}")
        return Delivered()

    def _tell(self, row: OutboxRow, verdict: Sent | Retry | Dead, now: dt.datetime) -> None:
        name = self.channel.name
        fields = {"channel": name, "kind": row.kind, "key": row.idempotency_key, "attempts": row.attempts}
        match verdict:
            case Sent():
                self._metrics.attempts.labels(name, "sent").inc()
                self._metrics.duration.labels(name).observe(max((now - row.created_at).total_seconds(), 0))
                log.info("notification sent", **fields)
            case Retry(at, error):
                self._metrics.attempts.labels(name, "retry").inc()
                log.warning("notification not taken", **fields, again_at=at.isoformat(), error=error)
            case Dead(error):
                self._metrics.attempts.labels(name, "dead").inc()
                self._metrics.dead_letters.inc()  # the next count says it exactly
                log.error("notification given up", **fields, error=error)

    def _now(self) -> dt.datetime:
        return to_datetime(self._clock.now_ms())
