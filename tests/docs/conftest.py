"""The documents are compared with a running collector; one kind of database is enough for that."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.database import sqlite_url
from tests.collector.conftest import site, start_site

__all__ = ["site", "start_site"]


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    file = tmp_path / "forewatch.db"
    shutil.copy(sqlite_template, file)
    return sqlite_url(file)
