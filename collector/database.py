"""Opening the database: one lineage of migrations, applied at start under a lock.

Several processes may start at once. PostgreSQL's advisory lock, or a lock file next to the SQLite
database, lets one migrate while the others wait and then find nothing left to do. A migration is one
transaction on both, so a killed one leaves no trace.

Alembic takes a tenth of a second and 8 MiB to load, so it is loaded only where there is something to migrate
(`collector.migration`); a query and a look at the scripts (`collector.lineage`) tell whether there is.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

import cmdb.models
import collector.access.models
import collector.agents.models
import collector.discovery.models
import desk.models
from collector.lineage import SCRIPTS, heads
from core.database import Base, Database, async_url
from core.errors import StorageError
from core.log import get_logger

log = get_logger(__name__)

# Every table of the product, whichever folder it is declared in; naming the modules is what registers them.
MODELS = (cmdb.models, collector.access.models, collector.agents.models, collector.discovery.models, desk.models)
METADATA = Base.metadata

_VERSION_TABLE = "alembic_version"
_LOCK = 0x464F5245_57415443  # "FOREWATC" in ASCII; any number that no other program uses
_LOCK_WAIT_SECONDS = 60


async def open_database(url: str) -> Database:
    """The database, with every migration applied.

    Raises:
        StorageError: it cannot be reached, or it is newer than this program.
    """
    await asyncio.to_thread(migrate, url)
    return Database(url)


def migrate(url: str, *, scripts: Path = SCRIPTS, revision: str = "head") -> str | None:
    """Bring the database to `revision`; returns the one it is at then, None while there are no migrations.

    Raises:
        StorageError: the database cannot be reached or locked, or is at a revision that is not known here.
    """
    parsed = sync_url(url)
    engine = make_engine(parsed)
    try:
        with _file_lock(parsed), engine.connect() as connection, _advisory_lock(connection):
            before = current_revision(connection)
            if before is None or revision != "head" or [before] != heads(scripts):
                from collector.migration import upgrade  # noqa: PLC0415 - hardly any start has to migrate

                upgrade(connection, scripts, revision, before)
            after = current_revision(connection)
    except DBAPIError as error:
        raise StorageError(f"database {parsed.render_as_string()}: {error.orig}") from error
    finally:
        engine.dispose()
    if after != before:
        log.info("database migrated", revision=after, before=before or "empty")
    return after


def current_revision(connection: Connection) -> str | None:
    """The revision a database is at, None when it is empty; leaves no transaction open."""
    found: str | None = None
    if inspect(connection).has_table(_VERSION_TABLE):
        found = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608
    connection.rollback()
    return found


def sync_url(url: str) -> URL:
    """The URL with a driver that needs no event loop."""
    parsed = make_url(async_url(url))
    return parsed.set(drivername="sqlite") if parsed.get_backend_name() == "sqlite" else parsed


def make_engine(url: URL) -> Engine:
    """An engine for migrations; on SQLite with transactions around DDL, which its driver leaves out."""
    if url.get_backend_name() != "sqlite":
        return create_engine(url, poolclass=NullPool)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@contextlib.contextmanager
def _file_lock(url: URL) -> Iterator[None]:
    """A lock on `FILE.lock` beside a SQLite file; nothing for other databases."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        yield
        return
    try:
        # Nobody else's to read, whatever the folder allows; SQLite gives its other files the same mode.
        os.close(os.open(str(url.database), os.O_CREAT | os.O_RDWR, 0o600))
        lock = os.open(f"{url.database}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StorageError(f"database {url.database}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@contextlib.contextmanager
def _advisory_lock(connection: Connection) -> Iterator[None]:
    """PostgreSQL's session lock; it goes with the connection, so a killed holder leaves none behind."""
    if connection.dialect.name != "postgresql":
        yield
        return
    connection.execute(text(f"SET lock_timeout = '{_LOCK_WAIT_SECONDS}s'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
    connection.execute(text("SET lock_timeout = 0"))
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
        connection.commit()
