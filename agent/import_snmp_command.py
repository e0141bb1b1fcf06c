"""The arguments of `forewatch agent import-snmp`, and what it prints."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from agent.snmp.exporter.document import Auth
    from agent.snmp.exporter.importing import Imported

_MOST_NOTES = 10  # of a module; the rest is counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare file, modules and output."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the snmp.yml that snmp_exporter's generator made")
    parser.add_argument("--module", action="append", metavar="M", help="a module; all of them without it")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder of snmp.profiles")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the profiles; 1 when something was not carried over, 2 when the file or the folder cannot be used."""
    from agent.snmp.exporter.document import read_document  # noqa: PLC0415 - only this command needs it
    from agent.snmp.exporter.importing import chosen, import_module  # noqa: PLC0415

    file: Path = arguments.file
    document = read_document(file)
    modules = chosen(document, arguments.module or (), file)
    imported = [import_module(module, file, arguments.out) for module in modules]
    flat = {module.name: module.auth for module in modules if module.auth is not None}
    auths = document.auths or flat
    if arguments.format == "json":
        sys.stdout.write(msgspec.json.encode({"modules": imported, "auths": sorted(auths)}).decode() + "\n")
    else:
        for one in imported:
            _print(one, file)
        _print_credentials(auths)
    return 1 if any(one.left for one in imported) else 0


def _print(one: Imported, file: Path) -> None:
    if one.file is not None:
        own = f"; {one.own} more the agent reads of every device" if one.own else ""
        sys.stdout.write(f"{one.file}: {one.metrics} metrics{own}\n")
    for note in one.notes[:_MOST_NOTES]:
        sys.stdout.write(f"  {_printable(note)}\n")
    if len(one.notes) > _MOST_NOTES:
        sys.stdout.write(f"  and {len(one.notes) - _MOST_NOTES} more of this kind; --format json has all\n")
    for left in one.left:
        where = ": ".join(part for part in (one.module, left.metric) if part)
        sys.stderr.write(f"{file}:{left.line}: {_printable(f'{where}: {left.reason}')}\n")


def _print_credentials(auths: Mapping[str, Auth]) -> None:
    if not auths:
        return
    from agent.snmp.exporter.credentials import explain  # noqa: PLC0415

    sys.stdout.write("credentials are not carried over; write this into agent.yaml, and each secret into its file:\n")
    sys.stdout.write(explain(auths))


def _printable(text: str) -> str:
    """Without control characters: the file may be anybody's."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
