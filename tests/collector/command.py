"""A command of ours beside a running collector, on the same database."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from collector.database import make_engine, sync_url
from collector.lineage import SCRIPTS, heads
from core.database import sqlite_url
from forewatch.cli import main


class Said(NamedTuple):
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


class Command:
    """Runs commands in a thread, as each has an event loop of its own.

    Args:
        folder: the collector's data folder.
    """

    def __init__(self, folder: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
        database = "sqlite" if database_url == sqlite_url(folder / "forewatch.db") else database_url
        self._config = folder / "collector.yaml"
        self._config.write_text(json.dumps({"data_dir": str(folder), "database": database}))  # JSON is YAML
        self._capsys = capsys
        _mark_as_migrated(database_url)

    async def __call__(self, *words: str) -> Said:
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        self._capsys.readouterr()
        try:
            status = await asyncio.to_thread(main, [*words, "--config", str(self._config)])
        finally:  # the command has its log at the stderr of its own process, and this one has another
            root.handlers[:] = handlers
            root.setLevel(level)
        return Said(status, *self._capsys.readouterr())

    async def json(self, *words: str) -> Any:
        said = await self(*words, "--format", "json")
        assert said.status == 0, said
        return json.loads(said.out)


def _mark_as_migrated(database_url: str) -> None:
    """The tests' schema is made at once; commands expect the mark that migrations leave."""
    engine = make_engine(sync_url(database_url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
        [head] = heads(SCRIPTS)
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": head})
    engine.dispose()
