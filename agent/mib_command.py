"""The arguments of `forewatch agent mib check|profile`, and what they print."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError, Fault

if TYPE_CHECKING:
    from agent.snmp.mib.tree import Tree


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare both commands."""
    commands = parser.add_subparsers(dest="mib_command", metavar="COMMAND", required=True)

    summary = "compare the names and numbers of profiles with MIBs"
    check = commands.add_parser("check", help=summary, description=f"{summary.capitalize()}.")
    _add_mibs(check)
    check.add_argument("--profiles", type=Path, metavar="DIR", help="own profiles instead of those shipped")
    check.set_defaults(run=_check)

    summary = "begin a profile from a MIB"
    profile = commands.add_parser("profile", help=summary, description=f"{summary.capitalize()}.")
    _add_mibs(profile)
    profile.add_argument("--module", metavar="NAME", help="such as EXAMPLE-MIB, when the files have several")
    profile.set_defaults(run=_profile)


def _add_mibs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mibs", nargs="+", type=Path, metavar="MIB", help="MIB files, or folders of them")


def _check(arguments: argparse.Namespace) -> int:
    """1 when a name has another number, or a MIB cannot be read."""
    from agent.snmp.mib.agreement import Agreement, Names, compare  # noqa: PLC0415 - only this command needs it
    from agent.snmp.profiles.library import shipped_folder  # noqa: PLC0415

    folder: Path = arguments.profiles or shipped_folder()
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ConfigError([Fault(str(folder), 0, "has no profiles; they are *.yaml files in a folder")])
    tree, faults = _read(arguments.mibs)
    names, found = Names(tree), Agreement()
    for file in files:
        compare(file, names, found)
    for fault in (*faults, *found.faults):
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write(f"{found.agreed} names agree, {len(found.faults)} do not\n")
    unknown = ", ".join(f"{mib} {count}" for mib, count in sorted(found.unknown.items()))
    if unknown:
        sys.stdout.write(f"{found.unknown.total()} are in no MIB that was given: {unknown}\n")
    return 1 if faults or found.faults else 0


def _profile(arguments: argparse.Namespace) -> int:
    """1 when a MIB cannot be read; the profile may lack what is in it."""
    from agent.snmp.mib.skeleton import skeleton  # noqa: PLC0415

    tree, faults = _read(arguments.mibs)
    chosen = arguments.module or (next(iter(tree.modules)) if len(tree.modules) == 1 else None)
    if chosen not in tree.modules:
        known = ", ".join(sorted(tree.modules)[:100])
        raise ConfigError([Fault("--module", 0, f"name one of {known}")])
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write(skeleton(tree, tree.modules[chosen]))
    return 1 if faults else 0


def _read(mibs: list[Path]) -> tuple[Tree, list[Fault]]:
    """All modules, and the files that cannot be read.

    Raises:
        ConfigError: there is none, or pysmi is not installed.
    """
    from agent.snmp.mib.source import find_files, read_modules  # noqa: PLC0415
    from agent.snmp.mib.tree import Tree  # noqa: PLC0415

    modules, faults = read_modules(find_files(mibs))
    if not modules:
        raise ConfigError(faults or [Fault(str(mibs[0]), 0, "has no MIB files")])
    return Tree(modules), faults
