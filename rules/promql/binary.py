"""Arithmetic and comparison between numbers and vectors, and between two vectors."""

from __future__ import annotations

import numpy as np

from core.labels import METRIC_NAME, Labels, spell
from rules.errors import EvaluationError
from rules.promql.join import Join, lay_out
from rules.promql.layouts import Layouts
from rules.promql.operators import ARITHMETIC, COMPARISONS
from rules.promql.plan import Binary, Matching
from rules.promql.vector import Block, Ints, Line, Mask, Values


def of_lines(node: Binary, left: Line, right: Line) -> Line:
    """Number against number; a comparison yields 0 or 1."""
    if node.op in COMPARISONS:
        return Line(COMPARISONS[node.op](left.values, right.values).astype(np.float64))
    return Line(ARITHMETIC[node.op](left.values, right.values))


def with_line(node: Binary, block: Block, line: Line, layouts: Layouts, *, line_is_left: bool) -> Block:
    """Vector against number. A comparison without `bool` keeps names and the vector's own values."""
    if not len(block.table):  # as of many a rule of which this site has no series
        return block
    number = line.values[None, :]
    left, right = (number, block.values) if line_is_left else (block.values, number)
    if node.op in COMPARISONS:
        holds = COMPARISONS[node.op](left, right)
        if not node.as_bool:
            return Block(block.table, block.values, block.present & holds)
        values = holds.astype(np.float64)
    else:
        values = ARITHMETIC[node.op](left, right)
    return Block(layouts.nameless(node, block.table), values, block.present).check()


def of_blocks(node: Binary, left: Block, right: Block, layouts: Layouts) -> Block:
    """Vector against vector, paired by their labels.

    Raises:
        EvaluationError: a group has several series on a side that may have one.
    """
    join = layouts.get(node, "join", (left.table, right.table), lambda: lay_out(node, left.table, right.table))
    many, one = (right, left) if node.matching.many == "right" else (left, right)
    one_values, one_present = _one_side(node, join, many, one)
    many_values = many.values[join.many_rows]
    present = many.present[join.many_rows] & one_present
    lefts, rights = (one_values, many_values) if many is right else (many_values, one_values)
    if node.op in COMPARISONS:
        holds = COMPARISONS[node.op](lefts, rights)
        values = holds.astype(np.float64) if node.as_bool else lefts
        present = present if node.as_bool else present & holds
    else:
        values = ARITHMETIC[node.op](lefts, rights)
    several_allowed = node.matching.many is not None or join.many_unique
    if not several_allowed and _several(join.groups_of_pairs, present, join.group_count) is not None:
        raise EvaluationError(_IMPLICIT)
    return Block(join.table, values, present).check()


_IMPLICIT = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
_MANY_TO_MANY = "many-to-many matching not allowed: matching labels must be unique on one side"
_MOST_LABELS = 1000  # characters of a label set in an error: whoever reads it wants to know which series it is


def _one_side(node: Binary, join: Join, many: Block, one: Block) -> tuple[Values, Mask]:
    """Values and presence of the one side for each pair, [pairs, steps]."""
    if join.one_rows is not None:
        return one.values[join.one_rows], one.present[join.one_rows]
    meeting = many.present.any(axis=0)  # nothing is matched, so nothing can be wrong, where a side is empty
    twins = _several(join.groups_of_one, one.present & meeting, join.group_count)
    if twins is not None:
        raise EvaluationError(_many_to_many(node.matching, [one.table.rows[row] for row in twins]))
    values = np.zeros((join.variant_count, one.values.shape[1]))
    present = np.zeros(values.shape, np.bool_)
    rows, steps = np.nonzero(one.present)
    values[join.variants_of_one[rows], steps] = one.values[rows, steps]
    present[join.variants_of_one[rows], steps] = True
    return values[join.variants_of_pairs], present[join.variants_of_pairs]


def _several(groups: Ints, present: Mask, group_count: int) -> tuple[int, int] | None:
    """The first two rows of a group that are present at one step; None where no group has two."""
    if not group_count:
        return None
    rows, steps = np.nonzero(present)
    places = groups[rows] * present.shape[1] + steps
    counts = np.bincount(places)
    if not (counts > 1).any():
        return None
    first, second = rows[places == np.argmax(counts > 1)][:2]
    return int(first), int(second)


def _many_to_many(matching: Matching, twins: list[Labels]) -> str:
    """What is wrong, with the series that are to blame, as Prometheus puts it."""
    side = "left" if matching.many == "right" else "right"
    named = matching.labels if matching.on else (*matching.labels, METRIC_NAME)
    group = tuple(pair for pair in twins[0] if (pair[0] in named) == matching.on)
    first, second = (spell(one)[:_MOST_LABELS] for one in twins)
    return (
        f"found duplicate series for the match group {spell(group)[:_MOST_LABELS]} on the {side} hand-side of the "
        f"operation: [{first}, {second}];{_MANY_TO_MANY}"
    )
