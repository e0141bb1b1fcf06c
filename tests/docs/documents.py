"""Markdown as the tests read it: tables, fenced blocks, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@dataclass(frozen=True)
class Row:
    """One row of a table: the cells by the words of its head, and the nearest heading above."""

    heading: str
    cells: dict[str, str]


@dataclass(frozen=True)
class Block:
    """A fenced block of code and the line of the file on which it begins."""

    file: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def documents() -> list[Path]:
    """Every Markdown file that people read."""
    return [ROOT / "README.md", ROOT / "README.zh.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def rows(file: Path) -> list[Row]:
    """The rows of every table; a `\\|` in a cell is a bar."""
    found: list[Row] = []
    heading, head = "", None
    for line in _outside_blocks(file):
        if line.startswith("#"):
            heading = line.lstrip("#").strip()
        if not line.startswith("|"):
            head = None
            continue
        cells = [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if head is None:
            head = cells
        elif not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            assert len(cells) == len(head), f"{file.name}: {line}"
            found.append(Row(heading, dict(zip(head, cells, strict=True))))
    return found


def blocks(file: Path, *languages: str) -> list[Block]:
    """The fenced blocks in one of the languages."""
    text = file.read_text(encoding="utf-8")
    return [
        Block(file, text.count("\n", 0, match.start()) + 1, match[1], match[2])
        for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        if match[1] in languages
    ]


def headings(file: Path, level: int | None = None) -> list[str]:
    """The text of the headings, of one level or all."""
    found = [re.fullmatch(r"(#+) (.*)", line) for line in _outside_blocks(file)]
    return [match[2] for match in found if match and level in (None, len(match[1]))]


def anchor(heading: str) -> str:
    """The fragment under which GitHub and most renderers show a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links(file: Path) -> list[str]:
    """The targets of the links and images."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(file))


def prose(file: Path) -> str:
    """The text without its fenced blocks."""
    return "\n".join(_outside_blocks(file))


def codes(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def _outside_blocks(file: Path) -> Iterator[str]:
    inside = False
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            yield line
