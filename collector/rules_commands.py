"""`forewatch rules check FILE…`: whether rule files can be used, without a server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.errors import ConfigError, Fault
from rules.alerting import AlertingRule
from rules.files import RuleSet, load_rule_files


class FaultView(msgspec.Struct):
    file: str
    line: int
    message: str


class FileView(msgspec.Struct):
    """What a file holds; a file with faults counts nothing."""

    file: str
    groups: int
    alerting_rules: int
    recording_rules: int


class CheckView(msgspec.Struct):
    """The answer of `rules check --format json`; line 0 means the file as a whole."""

    ok: bool
    files: list[FileView]
    faults: list[FaultView]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `check`."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = commands.add_parser(
        "check",
        help="validate rule files",
        description="Read Prometheus rule files and name everything that is wrong in them; exit 1 when something is.",
    )
    check.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a rule file")
    check.add_argument("--format", choices=["text", "json"], default="text", help="how to print the outcome")
    check.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> int:
    view = check(arguments.files)
    if arguments.format == "json":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(view)).decode() + "\n")
    else:
        _print(view)
    return 0 if view.ok else 1


def check(files: Sequence[Path]) -> CheckView:
    """What is in the files and what is wrong with them, each read on its own."""
    views, faults = [], []
    for file in files:
        try:
            rules = load_rule_files([file])
        except ConfigError as error:
            faults += error.faults
            rules = RuleSet()
        views.append(_view(file, rules))
    return CheckView(not faults, views, [FaultView(fault.file, fault.line, fault.message) for fault in faults])


def _view(file: Path, rules: RuleSet) -> FileView:
    every = [rule for group in rules.groups for rule in group.rules]
    alerting = sum(isinstance(rule, AlertingRule) for rule in every)
    return FileView(str(file), len(rules.groups), alerting, len(every) - alerting)


def _print(view: CheckView) -> None:
    for fault in view.faults:
        sys.stderr.write(f"{Fault(fault.file, fault.line, fault.message)}\n")
    wrong = {fault.file for fault in view.faults}
    for file in view.files:
        if file.file not in wrong:
            sys.stdout.write(
                f"{file.file}: {file.groups} groups, {file.alerting_rules} alerting rules, "
                f"{file.recording_rules} recording rules\n"
            )
