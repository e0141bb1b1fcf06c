"""`forewatch targets list`, `set`, `remove`: what agents are told to poll, and who polls it."""

from __future__ import annotations

import argparse
from typing import Any, TypeVar

import msgspec
import yaml
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb import items
from collector.access.command_line import (
    actor,
    add_database_arguments,
    failure,
    in_database,
    on_database,
    print_json,
    usage_error,
)
from collector.agents import polling_store, target_changes
from collector.agents.polling_views import PollingTargetBody, PollingTargetQuery, PollingTargetView
from core.clock import SystemClock, to_datetime
from core.config.nodes import Loader
from core.database import Database
from core.http import Problem, encode_cursor
from core.labels import quote
from core.log import get_logger

log = get_logger(__name__)
T = TypeVar("T")

_AT_ONCE = 500  # targets read in one transaction
_GIVEN = ("kind", "credential", "ci", "site", "agent")


class _UsageError(Exception):
    """What an argument says cannot be."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list polling targets and who polls them")
    listing.add_argument("--site", metavar="SITE", help="those of a site")
    listing.add_argument("--holder", metavar="AGENT", help="those that an agent polls now")
    listing.add_argument("--unassigned", action="store_true", help="those that nobody polls")
    listing.set_defaults(run=list_)
    setting = actions.add_parser("set", help="add a polling target, or change what is given of it")
    setting.add_argument("name", metavar="NAME", help="its instance")
    setting.add_argument("--kind", choices=["snmp", "probe"], help="needed for a new one")
    setting.add_argument(
        "--set", dest="settings", action="append", metavar="KEY=VALUE", help="a setting as agent.yaml has it"
    )
    setting.add_argument("--credential", metavar="NAME", help="what opens it; an empty one takes it away")
    setting.add_argument("--ci", metavar="CODE", help="its configuration item; an empty one takes it away")
    setting.add_argument("--site", metavar="SITE", help="whose agents may poll it; an empty one takes it away")
    setting.add_argument("--agent", metavar="AGENT", help="the one that polls it; an empty one leaves it to the site")
    setting.add_argument("--may-move", choices=["yes", "no"], help="whether others take over while that one is away")
    setting.set_defaults(run=set_)
    removing = actions.add_parser("remove", help="have targets polled no longer; all of them or none")
    removing.add_argument("names", nargs="+", metavar="NAME")
    removing.set_defaults(run=remove)
    for command in (listing, setting, removing):
        command.add_argument("--format", choices=["text", "json"], default="text")
        add_database_arguments(command)


def list_(arguments: argparse.Namespace) -> int:
    """Print targets, the oldest first."""

    async def work(database: Database) -> list[PollingTargetView]:
        views: list[PollingTargetView] = []
        page = None
        while page is None or len(page) == _AT_ONCE:
            cursor = encode_cursor(views[-1].id) if views else None
            query = PollingTargetQuery(site=arguments.site, holder=arguments.holder, cursor=cursor)
            async with database.read() as session:
                page = await polling_store.list_targets(session, query, limit=_AT_ONCE)
            views += [target_changes.view(*row) for row in page]
        return [view for view in views if not arguments.unassigned or view.holder is None]

    views = on_database(arguments, work)
    if arguments.format == "json":
        print_json({"items": views})
    else:
        for view in views:
            print(_spell(view))  # noqa: T201 - the command's answer
    return 0


def set_(arguments: argparse.Namespace) -> int:
    """Add or change one target; 1 when what it names does not exist or does not fit."""
    try:
        settings = _settings(arguments.settings or [])
        view = in_database(arguments, lambda session: _set(session, arguments, settings))
    except _UsageError as error:
        return usage_error(str(error))
    except Problem as problem:
        return failure(problem.detail)
    except IntegrityError:
        return failure("somebody else changed this at the same moment; look, and try again")
    log.info("polling target set", target=view.name, version=view.version, by=actor())
    if arguments.format == "json":
        print_json(view)
    else:
        print(_spell(view))  # noqa: T201 - the command's answer
    return 0


def remove(arguments: argparse.Namespace) -> int:
    """Remove targets; 1, and nothing is removed, when there is no such target."""
    names = list(dict.fromkeys(arguments.names))

    async def work(session: AsyncSession) -> None:
        for name in names:
            found = await polling_store.find_target_named(session, name)
            if found is None:
                raise Problem(404, "Not found", f"there is no polling target {quote(name)}; nothing was removed")
            await session.delete(found[0])

    try:
        in_database(arguments, work)
    except Problem as problem:
        return failure(problem.detail)
    log.info("polling targets removed", targets=", ".join(names), by=actor())
    if arguments.format == "json":
        print_json({"removed": names})
    else:
        print(f"removed: {', '.join(map(quote, names))}")  # noqa: T201 - the command's answer
    return 0


async def _set(session: AsyncSession, arguments: argparse.Namespace, settings: dict[str, Any]) -> PollingTargetView:
    """The target as it is now.

    Raises:
        Problem: what it names does not exist or does not fit.
        _UsageError: the arguments do not make a target.
    """
    now = to_datetime(SystemClock().now_ms())
    found = await polling_store.find_target_named(session, arguments.name)
    before = None if found is None else target_changes.view(*found)
    if before is None and arguments.kind is None:
        raise _UsageError(f"there is no polling target {quote(arguments.name)} yet: --kind is needed to add it")
    body = await _body(session, arguments, before, settings)
    if found is None:
        target = await target_changes.add(session, body, now)
    else:
        target = found[0]
        await target_changes.replace(session, target, body, now)
        await session.flush()
    return target_changes.view(target, body.credential)


async def _body(
    session: AsyncSession, arguments: argparse.Namespace, before: PollingTargetView | None, settings: dict[str, Any]
) -> PollingTargetBody:
    """What was, with what is given in its place."""
    said: dict[str, Any] = {"name": arguments.name, "settings": {}}
    if before is not None:
        said |= {name: getattr(before, name) for name in (*_GIVEN, "may_move", "settings")}
    said |= {name: getattr(arguments, name) or None for name in _GIVEN if getattr(arguments, name) is not None}
    if arguments.ci:
        said["ci"] = (await items.find(session, arguments.ci)).id
    if arguments.may_move is not None:
        said["may_move"] = arguments.may_move == "yes"
    said["settings"] = {key: value for key, value in (said["settings"] | settings).items() if value is not None}
    try:
        return msgspec.convert(said, PollingTargetBody)
    except msgspec.ValidationError as error:
        raise _UsageError(f"{quote(arguments.name)}: {error}") from error


def _settings(given: list[str]) -> dict[str, Any]:
    """Keys with their values, None for those to take away; values are YAML, as in agent.yaml.

    Raises:
        _UsageError: one is no KEY=VALUE, or its value no YAML.
    """
    settings: dict[str, Any] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not key or not equals:
            raise _UsageError(f"--set {one!r}: write KEY=VALUE, such as address=10.0.0.1")
        try:
            settings[key] = yaml.load(value, Loader=Loader)  # noqa: S506 - a safe loader of ours
        except yaml.YAMLError as error:
            raise _UsageError(f"--set {key}: the value is no YAML; quote it") from error
    return settings


def _spell(view: PollingTargetView) -> str:
    """`"core-1" snmp {"address":"10.0.0.1"} credential lab, site "dc-1": polled by "poller-1"`."""
    parts = [f"credential {view.credential}"] if view.credential else []
    parts += [f"item {view.ci}"] if view.ci is not None else []
    parts += [f"site {quote(view.site)}"] if view.site else []
    if view.agent:
        parts.append(f"agent {quote(view.agent)}{' or another' if view.may_move else ''}")
    holder = f"polled by {quote(view.holder)}" if view.holder else "polled by nobody yet"
    settings = msgspec.json.encode(view.settings).decode()
    return f"{quote(view.name)} {view.kind} {settings} {', '.join(parts)}: {holder}"
