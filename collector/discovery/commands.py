"""`forewatch discovery list`, `show`, `accept`, `reject`: what discovery proposes, and what a person decides."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal, get_args

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.class_file import load_classes
from collector.access.command_line import (
    actor,
    add_database_arguments,
    failure,
    in_database,
    on_database,
    print_json,
    usage_error,
)
from collector.discovery import decide, shown, store
from collector.discovery.spelled import lines_of, title_of
from collector.discovery.views import (
    Acceptance,
    KindName,
    ProposalDetail,
    ProposalFilter,
    ProposalView,
    Refused,
    Rejection,
    StateName,
)
from core.clock import SystemClock, to_datetime
from core.database import Database
from core.discovery import Evidence
from core.http import Problem

_AT_ONCE = 500  # proposals read in one transaction


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list proposals")
    _add_filters(listing)
    states = [*get_args(StateName), "all"]
    listing.add_argument("--state", choices=states, default="open", help="(default: %(default)s)")
    listing.set_defaults(run=list_)
    showing = actions.add_parser("show", help="show one with all that was found, and the relations that it suggests")
    showing.add_argument("id", type=int, metavar="ID")
    showing.set_defaults(run=show)
    accepting = actions.add_parser("accept", help="accept proposals, by their ids or all that a filter fits")
    accepting.add_argument("ids", type=int, nargs="*", metavar="ID")
    _add_filters(accepting)
    accepting.add_argument("--relations", action="store_true", help="register the relations that neighbours suggest")
    accepting.add_argument("--credential", metavar="NAME", help="poll what answered SNMP, with this credential")
    accepting.set_defaults(run=accept)
    rejecting = actions.add_parser("reject", help="reject proposals; the same is not proposed again until it changes")
    rejecting.add_argument("ids", type=int, nargs="+", metavar="ID")
    rejecting.add_argument("--reason", metavar="TEXT", help="shown to whoever looks later")
    rejecting.set_defaults(run=reject)
    for command in (listing, showing, accepting, rejecting):
        command.add_argument("--format", choices=["text", "json"], default="text")
        add_database_arguments(command)


def _add_filters(command: argparse.ArgumentParser) -> None:
    command.add_argument("--kind", choices=get_args(KindName))
    command.add_argument("--agent", metavar="NAME", help="that found it")
    command.add_argument("--class", dest="class_", metavar="CLASS", help="such as switch")
    command.add_argument("--found-by", choices=get_args(Evidence), help="what it answered")


def list_(arguments: argparse.Namespace) -> int:
    """Print proposals, the oldest first."""
    query = _query(arguments, arguments.state)

    async def work(database: Database) -> list[ProposalView]:
        return [view async for view in _pages(database, query)]

    views = on_database(arguments, work)
    if arguments.format == "json":
        print_json({"items": views})
    else:
        for view in views:
            _print(title_of(view), *lines_of(view))
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Print one proposal; 1 when there is none."""

    async def work(session: AsyncSession) -> ProposalDetail | None:
        found = await store.find_proposal(session, arguments.id) if arguments.id > 0 else None
        return None if found is None else await shown.detail(session, *found)

    detail = in_database(arguments, work)
    if detail is None:
        return failure(f"there is no proposal {arguments.id}")
    if arguments.format == "json":
        print_json(detail)
    else:
        _print(title_of(detail), *lines_of(detail, whole=True))
    return 0


def accept(arguments: argparse.Namespace) -> int:
    """Accept, each in a transaction of its own; 1 when one could not be."""
    filtered = any((arguments.kind, arguments.agent, arguments.class_, arguments.found_by))
    if bool(arguments.ids) == filtered:
        return usage_error("name proposals by their ids, or by a filter: --kind, --agent, --class, --found-by")
    try:
        how = msgspec.convert({"relations": arguments.relations, "credential": arguments.credential}, Acceptance)
    except msgspec.ValidationError as error:
        return usage_error(f"--credential: {error}")
    classes = load_classes()

    async def work(database: Database) -> tuple[list[int], list[Refused]]:
        async def one(session: AsyncSession, number: int) -> None:
            now = to_datetime(SystemClock().now_ms())
            await decide.accept(session, number, classes, person=actor(), now=now, how=how)

        return await _each(database, arguments.ids or await _chosen(database, arguments), one)

    return _tell(arguments, "accepted", *on_database(arguments, work))


def reject(arguments: argparse.Namespace) -> int:
    """Reject, each in a transaction of its own; 1 when one could not be."""
    try:
        reason = msgspec.convert({"reason": arguments.reason or ""}, Rejection).reason
    except msgspec.ValidationError as error:
        return usage_error(f"--reason: {error}")

    async def work(database: Database) -> tuple[list[int], list[Refused]]:
        async def one(session: AsyncSession, number: int) -> None:
            now = to_datetime(SystemClock().now_ms())
            await decide.reject(session, number, person=actor(), reason=reason, now=now)

        return await _each(database, arguments.ids, one)

    return _tell(arguments, "rejected", *on_database(arguments, work))


async def _each(
    database: Database, ids: list[int], work: Callable[[AsyncSession, int], Awaitable[None]]
) -> tuple[list[int], list[Refused]]:
    """Which were done, and which not for what reason: one that fails holds up no other."""
    done, refused = [], []
    for number in dict.fromkeys(ids):
        try:
            async with database.write() as session:
                await work(session, max(number, 0))
        except Problem as problem:
            refused.append(Refused(number, problem.detail))
        else:
            done.append(number)
    return done, refused


async def _chosen(database: Database, arguments: argparse.Namespace) -> list[int]:
    return [view.id async for view in _pages(database, _query(arguments, "open"))]


async def _pages(database: Database, query: ProposalFilter) -> AsyncIterator[ProposalView]:
    """Every proposal that the filter fits, a page a transaction."""
    after = 0
    while True:
        async with database.read() as session:
            rows = await store.list_proposals(session, query, after=after, limit=_AT_ONCE)
            views = [await shown.view(session, *row) for row in rows]
        for view in views:
            yield view
        if len(views) < _AT_ONCE:
            return
        after = views[-1].id


def _query(arguments: argparse.Namespace, state: Literal[StateName, "all"]) -> ProposalFilter:
    return ProposalFilter(
        kind=arguments.kind, agent=arguments.agent, class_=arguments.class_, found_by=arguments.found_by, state=state
    )


def _tell(arguments: argparse.Namespace, what: str, done: list[int], refused: list[Refused]) -> int:
    if arguments.format == "json":
        print_json({what: done, "refused": refused})
    else:
        _print(f"{what}: {', '.join(f'#{number}' for number in done) or 'nothing'}")
    for one in refused:
        failure(f"#{one.id} not {what}: {one.detail}")
    return 1 if refused else 0


def _print(*lines: str) -> None:
    for line in lines:
        print(line)
