"""Files, names and links in every document, and the form of decisions."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.docs.documents import DOCS, ROOT, anchor, codes, documents, headings, links, prose, rows

ADRS = sorted((DOCS / "adr").glob("[0-9]*.md"))
SETTINGS = {codes(row.cells["key"])[0] for row in rows(DOCS / "configuration.md") if "key" in row.cells}
FOLDERS = {folder.name for folder in ROOT.iterdir() if folder.is_dir() and not folder.name.startswith(".")}

every_document = pytest.mark.parametrize("file", documents(), ids=lambda file: str(file.relative_to(ROOT)))


@every_document
def test_every_file_that_is_named_exists(file: Path) -> None:
    for code in codes(prose(file)):
        for path in re.findall(r"(?<![\w./-])((?:\w+/)+[\w.*/-]*)", code):
            if path.split("/")[0] in FOLDERS:
                assert list(ROOT.glob(path.rstrip("/"))), f"{file.name}: {path}"


@every_document
def test_no_code_between_backticks_is_broken_over_two_lines(file: Path) -> None:
    broken = [line for line in prose(file).splitlines() if line.count("`") % 2]
    assert not broken


@every_document
def test_every_link_leads_somewhere(file: Path) -> None:
    for link in links(file):
        page, _, fragment = link.partition("#")
        if link.startswith(("http://", "https://")):
            continue
        target = (file.parent / page).resolve() if page else file
        assert target.exists(), f"{file.name}: {link}"
        if fragment:
            assert fragment in [anchor(heading) for heading in headings(target)], f"{file.name}: {link}"


@pytest.mark.parametrize("file", [DOCS / "architecture.md", *ADRS], ids=lambda file: file.name)
def test_every_name_of_code_occurs_in_the_code(file: Path) -> None:
    for code in codes(prose(file)):
        name = re.fullmatch(r"([A-Za-z_][\w.]*)(?:\(\))?", code)
        if name and not (ROOT / name[1]).exists() and name[1] not in SETTINGS:
            assert re.search(rf"(?<!\w){re.escape(name[1])}(?!\w)", source()), f"{file.name}: {code}"


@cache
def source() -> str:
    """The text of everything but documents and their tests."""
    folders = (ROOT / name for name in FOLDERS - {"docs"})
    files = (file for folder in folders for file in folder.rglob("*") if file.suffix in {".py", ".yaml"})
    return "\n".join(file.read_text(encoding="utf-8") for file in files if "docs" not in file.parts)


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    assert [int(file.name[:4]) for file in ADRS] == list(range(1, len(ADRS) + 1))
    assert links(DOCS / "adr/README.md") == [file.name for file in ADRS]


@pytest.mark.parametrize("file", ADRS, ids=lambda file: file.name)
def test_a_decision_is_short_and_says_context_decision_and_consequences(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    title = headings(file)[0]
    assert title.startswith(f"{file.name[:4]} ")
    assert f"| {title[5:]} |" in (DOCS / "adr/README.md").read_text(encoding="utf-8")
    parts = re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences"]
    assert len(text.split()) <= 500


def test_the_changelog_has_only_entries_of_the_four_kinds() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line.startswith("- ")]
    assert entries
    assert all(re.match(r"- \[(CHANGE|FEATURE|ENHANCEMENT|BUGFIX)\] [A-Z/`]", entry) for entry in entries)
    assert next(line for line in lines if line.startswith("## ")) == "## 0.1.0 (unreleased)"
