"""docs/commands.md against the argument parsers, and every command line in the documents."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from forewatch.cli import COMMANDS, main
from tests.docs.documents import DOCS, Block, blocks, codes, documents, headings, prose, rows

FILE = DOCS / "commands.md"


@dataclass(frozen=True)
class Option:
    """One argument as the document shows it."""

    spelling: str
    default: str


def parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that can be run, by its words."""
    for name, (module, _) in COMMANDS.items():
        parser = argparse.ArgumentParser(name)
        importlib.import_module(module).add_arguments(parser)
        yield from _leaves(parser, f"forewatch {name}")


def _leaves(parser: argparse.ArgumentParser, words: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield words, parser
    for action in below:
        for name, child in action.choices.items():
            yield from _leaves(child, f"{words} {name}")


def options(parser: argparse.ArgumentParser) -> list[Option]:
    return [_option(action) for action in parser._actions if not isinstance(action, argparse._HelpAction)]


def _option(action: argparse.Action) -> Option:
    value = "|".join(action.choices) if action.choices else action.metavar or action.dest.upper()
    if not action.option_strings:
        spelled = f"{value}…" if action.nargs in ("+", "*") else str(value)
        return Option(spelled, "none" if action.nargs == "*" else "*required*")
    flag = action.option_strings[-1]
    if action.nargs == 0:
        return Option(flag, "off")
    default = "*required*" if action.required else "none" if action.default is None else f"`{action.default}`"
    return Option(f"{flag} {value}", default)


REAL = dict(parsers())


def test_every_command_is_documented_and_every_documented_command_exists() -> None:
    assert headings(FILE, 2) == list(REAL)


@pytest.mark.parametrize("command", REAL)
def test_a_command_s_options_and_defaults_are_the_real_ones(command: str) -> None:
    table = [row.cells for row in rows(FILE) if row.heading == command]
    shown = [Option(codes(cells["option"])[0], cells["default"]) for cells in table]
    assert shown == options(REAL[command])
    assert all(cells["meaning"] for cells in table)


def test_the_options_before_the_command_are_documented(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    usage = capsys.readouterr().out
    shown = [row.cells for row in rows(FILE) if row.heading == headings(FILE)[0] and "option" in row.cells]
    assert {codes(cells["option"])[0].split()[0] for cells in shown} == set(re.findall(r"--[a-z-]+", usage)) - {
        "--help"
    }
    for cells in shown:
        flag, _, choices = codes(cells["option"])[0].partition(" ")
        assert (f"{flag} {{{choices.replace('|', ',')}}}" if choices else f"{flag} ") in usage


@pytest.mark.parametrize(
    ("line", "code", "why"),
    [
        ("agent check --config {good_agent}", 0, "nothing is wrong"),
        ("agent check --config {bad}", 2, "a configuration that cannot be used"),
        ("collector check --config {good_collector}", 0, "nothing is wrong"),
        ("collector check --config {bad}", 2, "a configuration that cannot be used"),
        ("rules check {bad}", 1, "what was checked is wrong"),
        ("collector migrate --config {bad}", 2, "a configuration that cannot be used"),
        ("agent enrol --collector http://127.0.0.1:9 --token t --config {new}", 1, "nobody listens there"),
        ("token create --name 'no name' --role agent --data {folder}", 2, "bad usage"),
    ],
)
def test_exit_codes_are_those_of_the_table(tmp_path: Path, line: str, code: int, why: str) -> None:
    files = {name: tmp_path / f"{name}.yaml" for name in ("good_agent", "good_collector", "bad", "new")}
    files["good_agent"].write_text("collector: {url: http://127.0.0.1:9470}\ndata_dir: data\n")
    files["good_collector"].write_text("data_dir: data\n")
    files["bad"].write_text("colour: red\n")
    assert main(shlex.split(line.format(**files, folder=tmp_path))) == code, why


# Command lines in the documents

WORDS = {"FILE": "file.yaml", "FILE…": "file.yaml", "ADDRESS": "10.0.0.1"}


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Every line of ours in a block of shell or between backticks, by its place."""
    for file in documents():
        for block in blocks(file, "sh"):
            for line in _lines(block):
                yield f"{block.place} {line}", shlex.split(line, comments=True)
        for code in codes(prose(file)):
            if re.match(r"forewatch [a-z]+ [a-z]+ +[-A-Z]", code):
                yield f"{file.name} {code}", shlex.split(code)


def _lines(block: Block) -> Iterator[str]:
    for line in block.text.replace("\\\n", " ").splitlines():
        found = re.match(r"(?:.*\| )?(?:\S*/)?(forewatch [a-z].*)", line)
        if found:
            yield found[1]


LINES = dict(command_lines())


@pytest.mark.parametrize("words", LINES.values(), ids=LINES)
def test_a_command_line_in_a_document_can_be_given(words: list[str]) -> None:
    name = next(name for name in sorted(REAL, key=len, reverse=True) if " ".join(words).startswith(name))
    rest = words[len(name.split()) :]
    REAL[name].parse_args([WORDS.get(word, word) for word in rest])


def test_command_lines_are_found_in_the_readme() -> None:
    assert sum("README" in place for place in LINES) >= 6
