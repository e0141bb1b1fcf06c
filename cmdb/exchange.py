"""The register as a file: YAML, JSON or CSV, for import and export.

YAML and JSON hold items and relations; ends of relations are codes or names::

    items:
      - {class: switch, name: core-1, attributes: {management_address: 10.0.0.1}}
      - {class: business_service, name: Tax portal, attributes: {impact: department}}
    relations:
      - {source: Tax portal, type: depends_on, target: core-1}

A CSV file holds either: columns `class`, `name`, `code`, `state` and attributes, or the columns of a relation.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

from core.config import Section, compose, line_of, loads
from core.errors import ConfigError, Fault

_PLAIN_WORD = re.compile(r"[^\W\d_][\w-]*")
_ITEM_COLUMNS = ("class", "name", "code", "state")
_RELATION_COLUMNS = ("source", "target", "type", "group", "min_up")


class ItemSection(Section, frozen=True):
    """One item; `code` names an item that exists, or only stands for this one in the file's relations."""

    name: str
    class_: str = msgspec.field(name="class")
    code: str | None = None
    state: str | None = None
    attributes: dict[str, Any] = msgspec.field(default_factory=dict)


class RelationSection(Section, frozen=True):
    """One relation; the ends are codes or names."""

    source: str
    target: str
    type: str
    group: str | None = None
    min_up: int | None = None


class ExchangeFile(Section, frozen=True):
    """The whole file."""

    items: list[ItemSection] = msgspec.field(default_factory=list)
    relations: list[RelationSection] = msgspec.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a file holds, each with its line.

    Attributes:
        as_text: whether every attribute is text that still has to be read by its type.
        faults: rows of a table that are left out because they are wrong in themselves.
    """

    items: list[tuple[int, ItemSection]]
    relations: list[tuple[int, RelationSection]]
    as_text: bool = False
    faults: list[Fault] = field(default_factory=list)


def read(file: Path) -> Rows:
    """The rows of a file, by its suffix: .yaml, .yml, .json, .csv.

    Raises:
        ConfigError: the file cannot be read or has another shape; every fault names its line.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError([Fault(str(file), 0, f"cannot be read: {error.strerror}")]) from error
    suffix = file.suffix.lower()
    if suffix == ".csv":
        return parse_csv(_decode(raw, file), str(file))
    if suffix in (".yaml", ".yml", ".json"):
        return parse_document(_decode(raw, file), str(file))
    raise ConfigError([Fault(str(file), 0, "is of no known kind; name it .yaml, .json or .csv")])


def to_yaml(document: Any) -> str:
    """A document as YAML that `parse_document` reads as the same values."""
    return yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000)


class _Dumper(yaml.SafeDumper):
    """Quotes every text but plain words: PyYAML's own idea of what is a number differs from our reader's."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = None if _PLAIN_WORD.fullmatch(text) else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


_Dumper.add_representer(str, _Dumper.represent_text)


def parse_document(text: str, file: str) -> Rows:
    """The rows of YAML, of which JSON is a part but for tabs between its tokens."""
    text = text.replace("\t", " ") if file.lower().endswith(".json") else text
    document = loads(text, ExchangeFile, file=file)
    lines = {key: list(_lines(compose(text, file), key)) for key in ("items", "relations")}
    return Rows(
        list(zip(lines["items"], document.items, strict=True)),
        list(zip(lines["relations"], document.relations, strict=True)),
    )


def parse_csv(text: str, file: str) -> Rows:
    """The rows of CSV with a header, of items or of relations; empty cells are absent values.

    Raises:
        ConfigError: the header is none, or the text is no CSV.
    """
    reader = csv.DictReader(io.StringIO(text), strict=True)
    rows = Rows([], [], as_text=True)
    try:
        reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
        is_relations = _check_header(reader.fieldnames, file)
        for cells in reader:
            try:
                _take_row(rows, cells, reader.line_num, is_relations=is_relations)
            except ValueError as error:
                rows.faults.append(Fault(file, reader.line_num, str(error)))
    except csv.Error as error:
        raise ConfigError([*rows.faults, Fault(file, reader.line_num + 1, f"is no CSV: {error}")]) from error
    return rows


def _take_row(rows: Rows, cells: dict[Any, Any], line: int, *, is_relations: bool) -> None:
    """Add one row of cells; ValueError says what is wrong with it."""
    if None in cells:  # where csv puts what is beyond the header
        raise ValueError("has more cells than the header")
    given = {name: cell.strip() for name, cell in cells.items() if cell is not None and cell.strip()}
    if not given:
        return
    missing = [name for name in (_RELATION_COLUMNS[:3] if is_relations else _ITEM_COLUMNS[:2]) if name not in given]
    if missing:
        raise ValueError(f"{', '.join(missing)}: is required")
    if is_relations:
        rows.relations.append((line, _relation(given)))
    else:
        rows.items.append((line, _item(given)))


def _check_header(header: list[str], file: str) -> bool:
    """Whether the header is that of relations; refuses one that is neither."""
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ConfigError([Fault(file, 1, f"columns given twice: {', '.join(twice)}")])
    if set(_RELATION_COLUMNS[:3]) <= set(header):
        unknown = sorted(set(header) - set(_RELATION_COLUMNS))
        if unknown:
            raise ConfigError([Fault(file, 1, f"unknown columns of a relation: {', '.join(unknown)}")])
        return True
    if not {"class", "name"} <= set(header):
        raise ConfigError([Fault(file, 1, "needs the columns class and name, or source, target and type")])
    return False


def _item(given: dict[str, str]) -> ItemSection:
    attributes = {name: cell for name, cell in given.items() if name not in _ITEM_COLUMNS}
    return ItemSection(
        name=given["name"],
        class_=given["class"],
        code=given.get("code"),
        state=given.get("state"),
        attributes=attributes,
    )


def _relation(given: dict[str, str]) -> RelationSection:
    min_up = given.get("min_up")
    if min_up is not None and not (min_up.isascii() and min_up.isdigit() and len(min_up) < 5):
        raise ValueError("min_up: must be a whole number")
    return RelationSection(
        source=given["source"],
        target=given["target"],
        type=given["type"],
        group=given.get("group"),
        min_up=None if min_up is None else int(min_up),
    )


def _lines(root: yaml.Node, key: str) -> Iterator[int]:
    assert isinstance(root, yaml.MappingNode)  # loads has read it as one
    for key_node, value_node in root.value:
        if key_node.value == key:
            yield from (line_of(node) for node in value_node.value)


def _decode(raw: bytes, file: Path) -> str:
    """UTF-8 with or without its mark; else GB 18030, in which spreadsheets on Chinese systems save."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ConfigError([Fault(str(file), 0, "is neither UTF-8 nor GB 18030 text")])
