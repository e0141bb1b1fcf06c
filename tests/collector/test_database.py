"""Migrations: one lineage, applied under a lock, whole or not at all, on both databases."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from collector import database, migration
from collector.database import METADATA, current_revision, make_engine, migrate, sync_url
from collector.lineage import SCRIPTS, heads
from core.database import Database, UtcDateTime, sqlite_url
from core.errors import StorageError
from tests.servers.postgres import Postgres

REVISION = '''"""Step {number}."""

import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("step_{number}", sa.Column("id", sa.Integer(), primary_key=True))
    {then}


def downgrade() -> None:
    op.drop_table("step_{number}")
'''


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "empty.db")
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A lineage of two steps."""
    folder = tmp_path / "migrations"
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("0*.py", "__pycache__"))
    add_step(folder, "1", None)
    add_step(folder, "2", "1")
    return folder


def add_step(scripts: Path, number: str, down: str | None, then: str = "") -> None:
    file = scripts / "versions" / f"{number}_step.py"
    file.write_text(REVISION.format(number=number, down=down, then=then))


def tables(url: str) -> set[str]:
    engine = make_engine(sync_url(url))
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_there_is_exactly_one_newest_revision() -> None:
    assert len(heads()) == 1


def test_the_newest_revision_is_read_from_the_scripts_as_alembic_finds_it(scripts: Path) -> None:
    add_step(scripts, "3", "2")
    add_step(scripts, "other", "2")  # two developers at once: a lineage with two ends
    for folder in (SCRIPTS, scripts):
        assert set(heads(folder)) == set(ScriptDirectory(str(folder)).get_heads())


def test_a_database_that_is_up_to_date_is_opened_without_alembic(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "forewatch.db")
    migrate(url)
    look = f"import sys; from collector import database; database.migrate({url!r}); print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


def test_the_shipped_migrations_make_exactly_what_the_models_say(empty_url: str) -> None:
    assert migrate(empty_url) == heads()[0]
    assert tables(empty_url) == set(METADATA.tables) | {"alembic_version"}
    engine = make_engine(sync_url(empty_url))
    options = {"compare_type": _types_differ, "compare_server_default": True}
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []
    engine.dispose()


def _types_differ(_context: object, _found: object, column: object, _seen: object, ours: object) -> bool | None:
    """Types of our own are compared by what they become."""
    return False if isinstance(ours, UtcDateTime) else None


def test_up_down_and_up_again_ends_where_it_began(empty_url: str) -> None:
    migrate(empty_url)
    made = tables(empty_url)
    migration.downgrade(empty_url, "base")
    assert tables(empty_url) == {"alembic_version"}
    migrate(empty_url)
    assert tables(empty_url) == made


def test_migrating_again_changes_nothing(empty_url: str, scripts: Path) -> None:
    assert migrate(empty_url, scripts=scripts) == "2"
    assert migrate(empty_url, scripts=scripts) == "2"
    assert {"step_1", "step_2"} <= tables(empty_url)


def test_only_what_is_missing_is_applied(empty_url: str, scripts: Path) -> None:
    assert migrate(empty_url, scripts=scripts, revision="1") == "1"
    assert "step_2" not in tables(empty_url)
    assert migrate(empty_url, scripts=scripts) == "2"


def test_several_processes_starting_at_once_migrate_once(empty_url: str, scripts: Path) -> None:
    results: list[object] = []

    def start() -> None:
        try:
            results.append(migrate(empty_url, scripts=scripts))
        except StorageError as error:
            results.append(error)

    # Alembic keeps one environment a process; the lock is what lets only one at a time reach it.
    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["2"] * 4


def test_a_migration_that_fails_leaves_no_trace(empty_url: str, scripts: Path) -> None:
    migrate(empty_url, scripts=scripts)
    add_step(scripts, "3", "2")
    add_step(scripts, "4", "3", then='op.execute("SELECT broken FROM nowhere")')
    with pytest.raises(StorageError):
        migrate(empty_url, scripts=scripts)
    assert not {"step_3", "step_4"} & tables(empty_url)
    add_step(scripts, "4", "3")
    assert migrate(empty_url, scripts=scripts) == "4"


def test_a_database_of_a_newer_version_is_left_alone(empty_url: str, scripts: Path) -> None:
    migrate(empty_url, scripts=scripts)
    engine = make_engine(sync_url(empty_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'future'"))
    with pytest.raises(StorageError, match="probably used by a newer Forewatch"):
        migrate(empty_url, scripts=scripts)
    with engine.connect() as connection:
        assert current_revision(connection) == "future"
    engine.dispose()


def test_a_new_migration_is_written_from_the_models(empty_url: str, scripts: Path) -> None:
    migrate(empty_url, scripts=scripts)
    file = migration.make_revision(empty_url, "All of it", "3", scripts=scripts)
    assert "op.create_table" in file.read_text()
    assert "core." not in file.read_text()  # a migration does not change with our code
    assert migrate(empty_url, scripts=scripts) == "3"
    assert "tokens" in tables(empty_url)


async def test_the_opened_database_is_ready_to_use(empty_url: str) -> None:
    opened: Database = await database.open_database(empty_url)
    async with opened.write() as session:
        assert (await session.execute(text("SELECT count(*) FROM tokens"))).scalar_one() == 0
    await opened.close()


def test_an_unreachable_server_is_told_without_the_password() -> None:
    with pytest.raises(StorageError) as raised:
        migrate("postgresql+psycopg://f:s3cret@127.0.0.1:1/forewatch")
    assert "127.0.0.1" in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "forewatch.db"
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError, match="not a database"):
        migrate(sqlite_url(file))


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"):
        migrate(sqlite_url(tmp_path / "missing" / "forewatch.db"))


def test_the_lock_file_is_beside_the_database_and_private(tmp_path: Path) -> None:
    migrate(sqlite_url(tmp_path / "forewatch.db"))
    for name in ("forewatch.db", "forewatch.db.lock"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
