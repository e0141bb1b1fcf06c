"""The database base: declarative `Base`, column aliases, and sessions on SQLite or PostgreSQL.

SQLite runs in WAL mode with exactly one writing connection (`BEGIN IMMEDIATE`, `synchronous=FULL`),
so a write never waits in the middle of its transaction; reads go beside it. PostgreSQL takes the
same calls on a pool.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from sqlalchemy import DateTime, Dialect, MetaData, Text, TypeDecorator, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import JSON

from core.errors import StorageError

# Documents: JSON on SQLite, JSONB on PostgreSQL.
_DOCUMENT = JSON().with_variant(JSONB(), "postgresql")

# A server that vanishes without a word (a host that dies, a firewall that forgets) is given up after this time
# instead of the kernel's quarter of an hour. libpq's parameters: seconds, but milliseconds for tcp_user_timeout.
_GIVE_UP = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware UTC datetime; a naive one is refused before it reaches the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was given for a UTC column")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    """Base of every table; constraint names are deterministic, so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dt.datetime: UtcDateTime(), dict[str, Any]: _DOCUMENT, list[Any]: _DOCUMENT, str: Text()}


PrimaryKey = Annotated[int, mapped_column(primary_key=True, autoincrement=True)]


class _Connection(sqlite3.Connection):
    """Closes its cursors with itself.

    SQLite keeps a closed connection, and its lock, until the last of its statements is gone: that of a task which was
    cancelled on the way lives as long as the traceback of the cancellation, and every other writer waits for it.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, *arguments: Any) -> Any:
        made = super().cursor(*arguments)
        self._cursors.add(made)
        return made

    def close(self) -> None:
        for cursor in list(self._cursors):
            cursor.close()
        super().close()


class Database:
    """Sessions of one database.

    `write()` is one transaction that commits when the block ends and rolls back when it raises;
    `read()` is a consistent view that never blocks the writer. Both raise `StorageError` when the
    database or its disk refuses.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(async_url(url))
        self._is_sqlite = self.url.get_backend_name() == "sqlite"
        self._writer = self._engine(pool_size=1 if self._is_sqlite else 10, immediate=True)
        self._reader = self._engine(pool_size=5, immediate=False) if self._is_sqlite else self._writer
        self._write_session = async_sessionmaker(self._writer, expire_on_commit=False)
        self._read_session = async_sessionmaker(self._reader, expire_on_commit=False)

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        with _storage_errors():
            async with self._write_session() as session, session.begin():
                yield session

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        with _storage_errors():
            async with self._read_session() as session:
                yield session

    async def close(self) -> None:
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()

    def _engine(self, *, pool_size: int, immediate: bool) -> AsyncEngine:
        if not self._is_sqlite:
            return create_async_engine(
                self.url, pool_size=pool_size, max_overflow=0, pool_pre_ping=True, connect_args=_GIVE_UP
            )
        own = {"timeout": 30, "factory": _Connection}
        engine = create_async_engine(self.url, pool_size=pool_size, max_overflow=0, connect_args=own)
        _tune_sqlite(engine, immediate=immediate)
        return engine


def async_url(url: str) -> str:
    """The SQLAlchemy URL with the async driver of its backend; `sqlite:///F` becomes `sqlite+aiosqlite:///F`."""
    if url.startswith("sqlite:"):
        return "sqlite+aiosqlite:" + url.removeprefix("sqlite:")
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def sqlite_url(file: Path) -> str:
    """The URL of an embedded database file."""
    return f"sqlite:///{file}"


def _tune_sqlite(engine: AsyncEngine, *, immediate: bool) -> None:
    """WAL, full durability and foreign keys; BEGIN is ours, so that a writer takes its lock at once."""

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextlib.contextmanager
def _storage_errors() -> Any:
    try:
        yield
    except (OperationalError, InternalError) as error:  # an internal one: a server that became a standby
        raise StorageError(f"database: {error.orig}") from error
    except PoolTimeoutError as error:
        raise StorageError("database: every connection is in use for too long") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StorageError(f"database: {error.orig}") from error
        raise
