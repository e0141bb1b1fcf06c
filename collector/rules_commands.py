"""`forewatch rules check`, `test` and `backtest`: whether rule files do what they should, without a server."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from collector import backtest_command
from core.errors import ConfigError, Fault
from rules.alerting import AlertingRule
from rules.files import RuleSet, load_rule_files
from rules.unit_run import run
from rules.unit_tests import load_unit_tests


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


class FailureView(msgspec.Struct):
    """What one test expected and what it got, a line for each alert or sample."""

    file: str
    test: str
    what: str
    expected: list[str]
    got: list[str]


class TestView(msgspec.Struct):
    """The answer of `rules test --format json`."""

    ok: bool
    failures: list[FailureView]
    faults: list[FaultView]


class CheckView(msgspec.Struct):
    """The answer of `rules check --format json`; line 0 means the file as a whole."""

    ok: bool
    files: list[FileView]
    faults: list[FaultView]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `check`, `test` and `backtest`."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = commands.add_parser(
        "check",
        help="validate rule files",
        description="Read Prometheus rule files and name everything that is wrong in them; exit 1 when something is.",
    )
    check.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a rule file")
    check.add_argument("--format", choices=["text", "json"], default="text", help="how to print the outcome")
    check.set_defaults(run=_check)
    test = commands.add_parser(
        "test",
        help="run unit tests of rules",
        description="Run unit tests of rules in promtool's format; exit 1 when something is not as expected.",
    )
    test.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a file of tests")
    test.add_argument("--format", choices=["text", "json"], default="text", help="how to print the outcome")
    test.set_defaults(run=_test)
    backtest = commands.add_parser(
        "backtest",
        help="replay history through rule files",
        description="Tell what rules would have fired in the past, when and how long, and what would have been a page.",
    )
    backtest_command.add_arguments(backtest)


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


def _test(arguments: argparse.Namespace) -> int:
    view = test(arguments.files)
    if arguments.format == "json":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(view)).decode() + "\n")
        return 0 if view.ok else 1
    for fault in view.faults:
        sys.stderr.write(f"{Fault(fault.file, fault.line, fault.message)}\n")
    for file in map(str, arguments.files):
        failures = [failure for failure in view.failures if failure.file == file]
        if failures:
            sys.stdout.write(f"{file}: FAILED\n" + "".join(map(_spell_failure, failures)))
        elif all(fault.file != file for fault in view.faults):
            sys.stdout.write(f"{file}: SUCCESS\n")
    return 0 if view.ok else 1


def test(files: Sequence[Path]) -> TestView:
    """What the files' tests come to; a file that cannot be read is named by a fault of its own."""
    failures, faults = [], []
    for file in files:
        try:
            failed = run(load_unit_tests(file))
        except ConfigError as error:
            faults += [FaultView(fault.file, fault.line, fault.message) for fault in error.faults]
            if all(fault.file != str(file) for fault in error.faults):
                faults.append(FaultView(str(file), 0, "its rule files are wrong"))
        else:
            failures += [FailureView(str(file), one.test, one.what, one.expected, one.got) for one in failed]
    return TestView(not (failures or faults), failures, faults)


def _spell_failure(failure: FailureView) -> str:
    expected, got = Counter(failure.expected), Counter(failure.got)
    lines = [f"    {line}" for line in (expected & got).elements()]
    lines += [f"  - {line}" for line in (expected - got).elements()]  # expected and missing
    lines += [f"  + {line}" for line in (got - expected).elements()]  # not expected
    return f"  {failure.test}: {failure.what}: (-expected +got)\n" + "".join(f"  {line}\n" for line in lines)
