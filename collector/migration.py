"""Migrations by Alembic: up, down, and writing a new one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from collector.database import make_engine, sync_url
from collector.lineage import SCRIPTS
from core.errors import StorageError


def upgrade(connection: Connection, scripts: Path, revision: str, current: str | None) -> None:
    """Bring a database that is at `current` (None for an empty one) to `revision`.

    Raises:
        StorageError: it is at a revision that the scripts do not know.
    """
    with _known_revisions(current):
        command.upgrade(_config(connection, scripts), revision)


def downgrade(url: str, revision: str, *, scripts: Path = SCRIPTS) -> None:
    """Take migrations back to `revision` (`base` for an empty database); for tests and emergencies."""
    engine = make_engine(sync_url(url))
    with engine.connect() as connection:
        command.downgrade(_config(connection, scripts), revision)
    engine.dispose()


def make_revision(url: str, message: str, revision_id: str, *, scripts: Path = SCRIPTS) -> Path:
    """Write a migration from what the models have and the (migrated) database at `url` has not; for developers."""
    engine = make_engine(sync_url(url))
    with engine.connect() as connection:
        script = command.revision(_config(connection, scripts), message, autogenerate=True, rev_id=revision_id)
    engine.dispose()
    assert script is not None
    assert not isinstance(script, list)
    path = Path(script.path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "# ###" not in line), encoding="utf-8")
    return path


def _config(connection: Connection, scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextlib.contextmanager
def _known_revisions(current: str | None) -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        raise StorageError(
            f"the database is at revision {current or 'none'}, which cannot be brought to this version's: {error}. "
            "It was probably used by a newer Forewatch; run that one, or restore the backup from before it"
        ) from error
