"""How the database's refusals surface."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from core.database import Database, _Connection, sqlite_url
from core.errors import StorageError


async def test_a_connection_that_stays_in_use_is_a_refusal_of_the_storage(tmp_path) -> None:
    database = Database(sqlite_url(tmp_path / "x.db"))
    database._writer.sync_engine.pool._timeout = 0.05
    async with database.write() as session:
        await session.execute(text("SELECT 1"))
        with pytest.raises(StorageError, match="in use"):
            async with database.write() as other:
                await other.execute(text("SELECT 1"))
    await database.close()


async def test_a_cancelled_write_leaves_nothing_behind_and_the_next_one_goes_on(database) -> None:
    entered = asyncio.Event()

    async def slow() -> None:
        async with database.write() as session:
            await session.execute(text("INSERT INTO number_sequences (name, last) VALUES ('x', 1)"))
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(slow())
    await entered.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with database.write() as session:
        assert (await session.execute(text("SELECT count(*) FROM number_sequences"))).scalar() == 0


@pytest.fixture
async def on_postgres(postgres, postgres_template):
    name = postgres.create(postgres_template)
    opened = Database(postgres.url(name))
    yield opened
    await opened.close()
    postgres.drop(name)


async def test_a_server_that_became_a_standby_refuses_as_storage_does(on_postgres) -> None:
    async def write() -> None:
        async with on_postgres.write() as session:
            await session.execute(text("SET TRANSACTION READ ONLY"))
            await session.execute(text("INSERT INTO number_sequences (name, last) VALUES ('x', 1)"))

    with pytest.raises(StorageError, match="read-only"):
        await write()


async def test_a_connection_that_is_cut_is_a_refusal_and_the_next_write_goes_on(on_postgres, postgres) -> None:
    async def write(*, cut: bool) -> None:
        async with on_postgres.write() as session:
            pid = (await session.execute(text("SELECT pg_backend_pid()"))).scalar()
            if cut:
                postgres.execute(f"SELECT pg_terminate_backend({pid})")

    with pytest.raises(StorageError):
        await write(cut=True)
    await write(cut=False)


def test_a_closed_connection_to_sqlite_holds_no_lock_though_a_cursor_is_still_known(tmp_path: Path) -> None:
    one = sqlite3.connect(tmp_path / "db", isolation_level=None, factory=_Connection)
    one.execute("CREATE TABLE t (x)")
    one.execute("INSERT INTO t VALUES (1), (2)")
    one.execute("BEGIN IMMEDIATE")
    known = one.cursor()  # as the driver makes them
    known.execute("SELECT x FROM t")
    assert known.fetchone() == (1,)
    one.close()
    other = sqlite3.connect(tmp_path / "db", isolation_level=None, timeout=0)
    other.execute("BEGIN IMMEDIATE")
    other.close()
