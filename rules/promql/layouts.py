"""What is worked out from labels alone, kept for as long as the labels stay the same.

A layout (the groups of an aggregation, the pairs of a join, a table without names) belongs to a node and to the
tables it was made from. Tables are compared by identity: a selector hands out the same table until its series change,
and so every table above it stays the same too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from core.labels import METRIC_NAME
from rules.promql.plan import Node
from rules.promql.vector import Table

T = TypeVar("T")


class Layouts:
    """The layouts of all plans evaluated over one source; they go when their plan goes. Not for several threads."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Node, dict[str, tuple[tuple[Table, ...], Any]]] = WeakKeyDictionary()

    def get(self, node: Node, role: str, inputs: tuple[Table, ...], build: Callable[[], T]) -> T:
        """The layout of `node` for these tables, built when there is none."""
        roles = self._kept.setdefault(node, {})
        kept = roles.get(role)
        if kept is not None and all(old is new for old, new in zip(kept[0], inputs, strict=True)):
            layout: T = kept[1]
            return layout
        layout = build()
        roles[role] = (inputs, layout)
        return layout

    def nameless(self, node: Node, table: Table) -> Table:
        """The table without the metrics' names."""
        return self.get(node, "nameless", (table,), lambda: without_names(table))


def without_names(table: Table) -> Table:
    return Table([tuple(pair for pair in row if pair[0] != METRIC_NAME) for row in table.rows])
