"""count_values: how many members of a group have each value; the value becomes a label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.labels import labels
from rules.humanize import spell_positional
from rules.promql.groups import Groups, lay_out
from rules.promql.layouts import Layouts
from rules.promql.plan import Aggregation, Text
from rules.promql.vector import Block, Ints, Table, Values


@dataclass(slots=True)
class _Tally:
    """The groups without regard to values, and the table of the values that were met the last time."""

    groups: Groups
    spelled: bool
    pairs: Ints
    values: Values
    table: Table


def count_values(node: Aggregation, block: Block, layouts: Layouts) -> Block:
    """A row for each group and value; the rows stay the same for as long as the same values are met."""
    tally = layouts.get(node, "tally", (block.table,), lambda: _lay_out(node, block.table))
    rows, steps = np.nonzero(block.present[tally.groups.order])
    met = block.values[tally.groups.order][rows, steps]
    values, value_of = _distinct(met if tally.spelled else np.zeros(len(met)))
    pairs, row_of = np.unique(tally.groups.numbers[rows] * max(len(values), 1) + value_of, return_inverse=True)
    if not (np.array_equal(pairs, tally.pairs) and np.array_equal(values, tally.values, equal_nan=True)):
        tally.pairs, tally.values = pairs, values
        tally.table = _table(node, tally)
    counts = np.zeros((len(pairs), block.present.shape[1]))
    np.add.at(counts, (row_of, steps), 1.0)
    return Block(tally.table, counts, counts > 0)


def _lay_out(node: Aggregation, table: Table) -> _Tally:
    name = _label(node)
    # The value's own label never tells groups apart; dropped by `without`, it does not even tell values apart.
    names = (*node.labels, name) if node.without else tuple(own for own in node.labels if own != name)
    groups = lay_out(table, names, node.without)
    return _Tally(groups, not (node.without and name in node.labels), np.empty(0, np.int64), np.empty(0), Table([]))


def _distinct(values: Values) -> tuple[Values, Ints]:
    """The values that differ when they are written, and the number of each; 0 and -0 differ, every NaN is the same."""
    bits = np.where(np.isnan(values), np.nan, values).view(np.int64)
    distinct, numbers = np.unique(bits, return_inverse=True)
    return distinct.view(np.float64), numbers


def _table(node: Aggregation, tally: _Tally) -> Table:
    name, rows = _label(node), tally.groups.table.rows
    texts = [spell_positional(value) for value in tally.values.tolist()]
    if not tally.spelled:
        return Table([rows[group] for group in tally.pairs.tolist()])
    places = (divmod(pair, len(texts)) for pair in tally.pairs.tolist())
    return Table([labels(rows[group], **{name: texts[value]}) for group, value in places])


def _label(node: Aggregation) -> str:
    assert isinstance(node.parameter, Text)
    return node.parameter.value
