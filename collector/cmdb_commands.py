"""`forewatch cmdb import FILE [--dry-run]`, `export`, `gaps`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from cmdb import audit, exchange, importing
from cmdb.class_file import load_classes
from cmdb.gaps import Gap
from cmdb.importing import Imported
from cmdb.models import Difference
from collector.access.command_line import actor, add_database_arguments, in_database, print_json
from core.clock import SystemClock, to_datetime
from core.labels import quote


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    taking = actions.add_parser("import", help="register or update the items and relations of a YAML, JSON or CSV file")
    taking.add_argument("file", type=Path, metavar="FILE", help="with every error named by its line, nothing is taken")
    taking.add_argument("--dry-run", action="store_true", help="say what would be done")
    taking.set_defaults(run=take_in)
    giving = actions.add_parser("export", help="print every item and relation in the shape that import reads")
    giving.set_defaults(run=export)
    finding = actions.add_parser("gaps", help="list what the register lacks and where reports disagree with it")
    finding.set_defaults(run=gaps)
    for command, formats in ((taking, ("text", "json")), (giving, ("yaml", "json")), (finding, ("text", "json"))):
        command.add_argument("--format", choices=formats, default=formats[0])
        add_database_arguments(command)


class _NotTaken(Exception):  # noqa: N818 - the reason to roll back
    def __init__(self, imported: Imported) -> None:
        super().__init__()
        self.imported = imported


def take_in(arguments: argparse.Namespace) -> int:
    """Import a file as a whole or not at all; 0 when every row is right, else 1."""
    rows = exchange.read(arguments.file)
    now = to_datetime(SystemClock().now_ms())

    async def work(session: AsyncSession) -> Imported:
        imported = await importing.take_in(
            session, rows, load_classes(), file=str(arguments.file), actor=actor(), now=now
        )
        if imported.faults or arguments.dry_run:
            raise _NotTaken(imported)
        return imported

    try:
        imported = in_database(arguments, work)
    except _NotTaken as not_taken:
        imported = not_taken.imported
    _tell(arguments, imported)
    return 1 if imported.faults else 0


def export(arguments: argparse.Namespace) -> int:
    """Print the register."""
    document = in_database(arguments, audit.export)
    if arguments.format == "json":
        print_json(document)
    else:
        print(exchange.to_yaml(document), end="")  # noqa: T201
    return 0


def gaps(arguments: argparse.Namespace) -> int:
    """Print gaps and open differences; 1 when there are any."""

    async def work(session: AsyncSession) -> tuple[list[Gap], list[Difference]]:
        return await audit.gaps(session, load_classes()), await audit.open_differences(session)

    lacking, differing = in_database(arguments, work)
    if arguments.format == "json":
        differences = [
            {name: getattr(one, name) for name in ("reason", "instance", "agent", "subject", "recorded", "reported")}
            for one in differing
        ]
        print_json({"gaps": lacking, "differences": differences})
    else:
        for gap in lacking:
            print(f"{gap.code} {quote(gap.name)}: {gap.kind} {gap.subject}".rstrip())  # noqa: T201
        for one in differing:
            said = f"{one.subject}: recorded {quote(one.recorded)}, reported {quote(one.reported)}"
            print(f"{quote(one.instance)} by {quote(one.agent)}: {one.reason} {said}")  # noqa: T201
    return 1 if lacking or differing else 0


def _tell(arguments: argparse.Namespace, imported: Imported) -> None:
    taken = not (imported.faults or arguments.dry_run)
    if arguments.format == "json":
        errors = [{"line": fault.line, "message": fault.message} for fault in imported.faults]
        print_json({"taken": taken, "counts": dict(imported.counts), "errors": errors})
        return
    for fault in imported.faults:
        print(fault, file=sys.stderr)  # noqa: T201
    counts = ", ".join(f"{count} {what}" for what, count in sorted(imported.counts.items())) or "nothing"
    if imported.faults:
        print(f"not imported, errors: {len(imported.faults)}")  # noqa: T201
    else:
        print(f"{'imported' if taken else 'not imported, would be'}: {counts}")  # noqa: T201
