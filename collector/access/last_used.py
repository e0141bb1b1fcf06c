"""When tokens and sessions were last used: noted in memory, written to the database in batches.

A write per request would cost more than the request; after a crash the times are a minute old at most.
"""

from __future__ import annotations

import datetime as dt

from collector.access import store
from collector.access.sessions import IDLE
from core.clock import Clock, to_datetime
from core.database import Database
from core.errors import StorageError
from core.log import get_logger

log = get_logger(__name__)

FLUSH_SECONDS = 60.0


class LastUsed:
    """Collects uses by id; `flush` writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tokens: dict[int, dt.datetime] = {}
        self._sessions: dict[int, dt.datetime] = {}

    def token(self, token_id: int, now: dt.datetime) -> None:
        self._tokens[token_id] = now

    def session(self, session_id: int, now: dt.datetime) -> None:
        self._sessions[session_id] = now

    def session_seen(self, session_id: int) -> dt.datetime | None:
        """A use that is not written yet; None when the row knows best."""
        return self._sessions.get(session_id)

    async def flush(self) -> None:
        """Write what was noted; what cannot be written is kept for the next time.

        Raises:
            StorageError: the database refuses.
        """
        if not (self._tokens or self._sessions):
            return
        tokens, self._tokens = self._tokens, {}
        sessions, self._sessions = self._sessions, {}
        try:
            async with self._database.write() as session:
                await store.write_last_used(session, tokens, sessions)
        except BaseException:
            self._tokens = tokens | self._tokens
            self._sessions = sessions | self._sessions
            raise

    async def run(self, clock: Clock) -> None:
        """Flush every minute, for ever; sessions past their time-outs are removed on the way."""
        while True:
            await clock.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
                async with self._database.write() as session:
                    await store.delete_ended_sessions(session, now=to_datetime(clock.now_ms()), idle=IDLE)
            except StorageError as error:
                log.warning("times of last use not written, trying again in a minute", error=error)
