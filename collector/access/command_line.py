"""What the commands on a database share: which one is meant, transactions on it, who acts, how answers are printed.

They work beside a running collector and on a database that nobody has used yet.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from collector.config import DATABASE_FILE, embedded_database_url, load
from collector.database import open_database
from core.database import Database
from core.errors import ConfigError, Fault, StorageError
from core.log import get_logger

log = get_logger(__name__)

T = TypeVar("T")

DEFAULT_DATA = Path("forewatch-data")


def add_database_arguments(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, metavar="DIR", help="data folder of `forewatch up` (%(default)s)"
    )
    which.add_argument("--config", type=Path, metavar="FILE", help="collector.yaml of the server")


def in_database(arguments: argparse.Namespace, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """What `work` returns, done in one transaction on the migrated database that the arguments name.

    Raises:
        ConfigError: there is no such database, or it refuses.
    """

    async def transaction(database: Database) -> T:
        async with database.write() as session:
            return await work(session)

    return on_database(arguments, transaction)


def on_database(arguments: argparse.Namespace, work: Callable[[Database], Awaitable[T]]) -> T:
    """The same with as many transactions as `work` makes.

    Raises:
        ConfigError: there is no such database, or it refuses.
    """
    config = load(arguments.config) if arguments.config else None
    data_dir = config.data_dir if config else arguments.data
    if config is None:
        _expect_data_folder(data_dir)
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError([Fault(str(data_dir), 0, f"data folder cannot be made: {error.strerror}")]) from error
    url = config.database_url() if config else embedded_database_url(data_dir)
    try:
        return asyncio.run(_opened(url, work))
    except StorageError as error:
        raise ConfigError([Fault(str(arguments.config or data_dir), 0, str(error))]) from error


def _expect_data_folder(data_dir: Path) -> None:
    """A token in a database of its own, made beside the server's by a command in another folder, opens nothing."""
    if (data_dir / DATABASE_FILE).exists():
        return
    if data_dir is DEFAULT_DATA:
        where = "name the data folder by --data DIR, or collector.yaml by --config FILE"
        raise ConfigError([Fault(str(data_dir), 0, f"there is no data folder of `forewatch up` here; {where}")])
    log.warning("no database here yet, making one", folder=data_dir)


async def _opened(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    database = await open_database(url)
    try:
        return await work(database)
    finally:
        await database.close()


def actor() -> str:
    """Who runs the command, for the record."""
    try:
        return f"command line ({getpass.getuser()})"
    except (OSError, KeyError):
        return "command line (unknown)"


def print_json(answer: Any) -> None:
    """The answer of `--format json`."""
    print(msgspec.json.encode(answer).decode())  # noqa: T201 - the command's answer


def usage_error(message: str) -> int:
    """Tell what is wrong with an argument; returns the exit status."""
    print(message, file=sys.stderr)  # noqa: T201 - the command's answer
    return 2


def failure(message: str) -> int:
    """Tell why what was asked for could not be done; returns the exit status."""
    print(message, file=sys.stderr)  # noqa: T201 - the command's answer
    return 1
