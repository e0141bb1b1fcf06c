"""`forewatch token create --name N --role R`: one token, printed once."""

from __future__ import annotations

import argparse
import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from collector.access import store
from collector.access.command_line import actor, add_database_arguments, in_database, print_json, usage_error
from collector.access.names import is_token_name
from collector.access.roles import TOKEN_ROLES, Role
from collector.access.tokens import ENROL_LIFETIME, MAX_LIFETIME, new_token
from core.clock import SystemClock, to_datetime
from core.units import parse_duration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    command = actions.add_parser("create", help="print one new token, once")
    command.add_argument("--name", required=True, help="what it is for; an agent's own name where the role is agent")
    command.add_argument("--role", required=True, choices=[str(role) for role in TOKEN_ROLES])
    command.add_argument("--expires", metavar="DURATION", help="such as 30d (default: never; an enrolment token: 7d)")
    command.add_argument("--format", choices=["text", "json"], default="text")
    add_database_arguments(command)
    command.set_defaults(run=create)


def create(arguments: argparse.Namespace) -> int:
    """Make a token and print it; only its hash is kept."""
    if not is_token_name(arguments.name):
        return usage_error(f"--name {arguments.name!r}: take letters, digits and ._:@- (at most 253), a letter first")
    now = to_datetime(SystemClock().now_ms())
    try:
        expires_at = _expiry(arguments, now)
    except ValueError as error:
        return usage_error(f"--expires: {error}")
    secret = new_token()

    async def add(session: AsyncSession) -> int:
        token = await store.add_token(
            session, name=arguments.name, role=Role(arguments.role), secret=secret,
            created_by=actor(), now=now, expires_at=expires_at,
        )  # fmt: skip
        return token.id

    token_id = in_database(arguments, add)
    if arguments.format == "json":
        made = {"id": token_id, "name": arguments.name, "role": arguments.role, "expires_at": expires_at}
        print_json({**made, "token": secret})
    else:
        print(secret)  # noqa: T201 - the command's answer
    return 0


def _expiry(arguments: argparse.Namespace, now: dt.datetime) -> dt.datetime | None:
    if arguments.expires is not None:
        seconds = parse_duration(arguments.expires)
        if not 0 < seconds <= MAX_LIFETIME.total_seconds():
            raise ValueError("must be more than 0 and at most a hundred years")
        return now + dt.timedelta(seconds=seconds)
    return now + ENROL_LIFETIME if Role(arguments.role) is Role.ENROL else None
