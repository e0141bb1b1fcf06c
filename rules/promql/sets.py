"""Set operators: and, or, unless. Values and labels are taken as they are, names included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rules.promql.join import Signature, signer
from rules.promql.layouts import Layouts
from rules.promql.plan import Matching, SetOperation
from rules.promql.vector import Block, Ints, Mask, Table


@dataclass(frozen=True, slots=True)
class Groups:
    """The group of every row of both sides; `union` is the table of `or`, the right side's rows below the left's."""

    left: Ints
    right: Ints
    count: int
    union: Table | None


def combine(node: SetOperation, left: Block, right: Block, layouts: Layouts) -> Block:
    """The rows of the left side with, or without, a partner; or of both sides, the left's first."""
    groups = layouts.get(node, "groups", (left.table, right.table), lambda: _lay_out(node, left.table, right.table))
    if node.op == "or":
        return _or(groups, left, right)
    partner = _occupied(groups.right, right.present, groups.count)[groups.left]
    return Block(left.table, left.values, left.present & (partner if node.op == "and" else ~partner)).check()


def _or(groups: Groups, left: Block, right: Block) -> Block:
    assert groups.union is not None
    taken = _occupied(groups.left, left.present, groups.count)[groups.right]
    values = np.concatenate((left.values, right.values))
    return Block(groups.union, values, np.concatenate((left.present, right.present & ~taken))).check()


def _occupied(groups: Ints, present: Mask, count: int) -> Mask:
    """[groups, steps] whether a group has a present row."""
    occupied = np.zeros((count, present.shape[1]), np.bool_)
    rows, steps = np.nonzero(present)
    occupied[groups[rows], steps] = True
    return occupied


def _lay_out(node: SetOperation, left: Table, right: Table) -> Groups:
    numbers: dict[Signature, int] = {}
    of_left = _number(node.matching, left, numbers)
    of_right = _number(node.matching, right, numbers)
    union = Table([*left.rows, *right.rows]) if node.op == "or" else None
    return Groups(of_left, of_right, len(numbers), union)


def _number(matching: Matching, table: Table, numbers: dict[Signature, int]) -> Ints:
    sign = signer(matching)
    return np.fromiter((numbers.setdefault(sign(row), len(numbers)) for row in table.rows), np.int64, len(table))
