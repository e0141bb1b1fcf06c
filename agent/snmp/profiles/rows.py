"""The labels of a table's rows: components of the index, and columns that are looked up by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agent.snmp.client import Rows, Value
from agent.snmp.profiles.index import cut, split
from agent.snmp.profiles.plan import ColumnTag, TablePlan
from agent.snmp.profiles.spelling import spell
from agent.snmp.profiles.template import fill
from core.labels import Labels, labels

Columns = Mapping[str, Rows]
Known = dict[str, Sequence[int]]  # a label → the arcs by which it finds rows of other tables


def label_sets(table: TablePlan, columns: Columns) -> dict[str, Labels]:
    """The labels of each row by its index; rows whose index is none of the table's are left out."""
    if table.scalar:
        return {"0": ()}
    indexes = {
        oid[len(column.root) + 1 :]: None for column in table.columns for oid in columns.get(column.root, {})
    }  # fmt: skip
    sets: dict[str, Labels] = {}
    for index in indexes:
        if table.with_root and not columns.get(table.with_root, {}).get(f"{table.with_root}.{index}"):
            continue
        arcs = [int(arc) for arc in index.split(".") if arc]
        pairs = _index_labels(table, arcs)
        if pairs is not None:
            sets[index] = labels([*_column_labels(table, arcs, columns), *pairs])
    return sets


def _index_labels(table: TablePlan, arcs: list[int]) -> list[tuple[str, str]] | None:
    if not table.components:
        return [("index", ".".join(map(str, arcs)))]
    texts = split(arcs, table.components)
    if texts is None:
        return None
    shown = (tag for tag in table.index_tags if not tag.hidden)
    return [(tag.label, tag.mapping.get(texts[tag.component], texts[tag.component])) for tag in shown]


def _column_labels(table: TablePlan, arcs: list[int], columns: Columns) -> Iterator[tuple[str, str]]:
    known: Known = {}
    if any(tag.by for tag in table.column_tags):
        parts = cut(arcs, table.components) or []
        known = {tag.label: parts[tag.component] for tag in table.index_tags}
    for tag in table.column_tags:
        own = _own_arcs(tag, arcs, known)
        value = _at(columns, tag.root, own)
        if tag.match is None:
            known |= {label: [value if type(value) is int else 0] for label in tag.labels}
        if value is not None and not tag.hidden:
            yield from _texts(tag, value, None if tag.kind_root is None else _at(columns, tag.kind_root, own))


def _own_arcs(tag: ColumnTag, arcs: list[int], known: Known) -> Sequence[int]:
    """The index of the tag's column, made of the row's."""
    if tag.by:
        return [arc for label in tag.by for arc in known.get(label, ())]
    return [arc for first, last in tag.slices for arc in arcs[first : last + 1]] if tag.slices else arcs


def _at(columns: Columns, root: str, arcs: Sequence[int]) -> Value:
    return columns.get(root, {}).get(".".join((root, *map(str, arcs))))


def _texts(tag: ColumnTag, value: Value, kind: Value) -> Iterator[tuple[str, str]]:
    text = spell(tag.form, value, kind)
    text = tag.mapping.get(text, text)
    if tag.match is None:
        yield from ((label, text) for label in tag.labels)
        return
    match = tag.match.search(text)
    if match is not None:
        yield from ((label, fill(template, match)) for label, template in tag.labels.items())
