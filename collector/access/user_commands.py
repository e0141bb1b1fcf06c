"""`forewatch user add NAME --role R`: a person; the password comes from the terminal or from stdin."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys

from sqlalchemy.ext.asyncio import AsyncSession

from collector.access import store
from collector.access.command_line import add_database_arguments, in_database, usage_error
from collector.access.names import account_name, is_account_name
from collector.access.passwords import Passwords, weakness
from collector.access.roles import USER_ROLES, Role
from core.clock import SystemClock, to_datetime


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    command = actions.add_parser("add", help="add a person; asks for the password, or reads it from stdin")
    command.add_argument("name", metavar="NAME")
    command.add_argument("--role", required=True, choices=[str(role) for role in USER_ROLES])
    add_database_arguments(command)
    command.set_defaults(run=add)


def add(arguments: argparse.Namespace) -> int:
    """Add the person; 1 when there is an account of the name already."""
    name = account_name(arguments.name)
    if not is_account_name(name):
        return usage_error(f"NAME {arguments.name!r}: take letters, digits and _.@- (at most 64), no space")
    password = _read_password()
    if password is None:
        return usage_error("the passwords are not the same")
    why = weakness(name, password)
    if why is not None:
        return usage_error(f"the password {why}")
    encoded = asyncio.run(Passwords().hash(password))
    now = to_datetime(SystemClock().now_ms())

    async def insert(session: AsyncSession) -> None:
        await store.add_user(session, name=name, role=Role(arguments.role), password_hash=encoded, now=now)

    try:
        in_database(arguments, insert)
    except store.NameTaken:
        print(f"there is an account {name} already", file=sys.stderr)  # noqa: T201 - the command's answer
        return 1
    print(f"added {name} as {arguments.role}")  # noqa: T201 - the command's answer
    return 0


def _read_password() -> str | None:
    """From the terminal twice, or the first line of stdin; None when the two differ."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    return password if getpass.getpass("Again: ") == password else None
