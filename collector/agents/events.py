"""Keeping what agents saw happen for as long as the configuration says, and no longer."""

from __future__ import annotations

import datetime as dt

from collector.agents import store
from core.clock import Clock, to_datetime
from core.database import Database
from core.errors import StorageError
from core.log import get_logger

log = get_logger(__name__)

EVERY_SECONDS = 3600.0


async def keep_events(database: Database, clock: Clock, seconds: float) -> None:
    """Every hour remove events that were received longer ago than `seconds`, for ever."""
    while True:
        await clock.sleep(EVERY_SECONDS)
        before = to_datetime(clock.now_ms()) - dt.timedelta(seconds=seconds)
        try:
            async with database.write() as session:
                gone = await store.delete_events_before(session, before)
        except StorageError as error:
            log.warning("old events not removed, trying again in an hour", error=error)
            continue
        if gone:
            log.info("old events removed", events=gone)
