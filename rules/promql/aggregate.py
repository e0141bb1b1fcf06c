"""Aggregations: rows that share their grouping labels become one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.labels import METRIC_NAME, Labels
from rules.promql.layouts import Layouts
from rules.promql.plan import Aggregation
from rules.promql.vector import Block, Ints, Mask, Table, Values


@dataclass(frozen=True, slots=True)
class Groups:
    """Where the members of each group stand.

    Attributes:
        table: a label set a group.
        order: [series] rows sorted by group.
        starts: [groups] where each group begins in `order`.
        sizes: [groups].
    """

    table: Table
    order: Ints
    starts: Ints
    sizes: Ints

    def spread(self, values: Values) -> Values:
        """[groups, steps] → [series, steps] in `order`: each member gets its group's value."""
        return np.repeat(values, self.sizes, axis=0)


@dataclass(frozen=True, slots=True)
class Members:
    """What is aggregated: values and presence [series, steps], sorted by group, and counts [groups, steps]."""

    groups: Groups
    values: Values
    present: Mask
    counts: Values

    def sums(self, values: Values) -> Values:
        return np.add.reduceat(np.where(self.present, values, 0.0), self.groups.starts, axis=0)


def _sum(members: Members) -> Values:
    return members.sums(members.values)


def _avg(members: Members) -> Values:
    sums = _sum(members)
    means = sums / members.counts
    if np.isinf(sums).any():  # too large to add up, or really infinite: then the sum of the shares is infinite too
        shares = members.sums(members.values / members.groups.spread(members.counts))
        return np.where(np.isinf(sums), shares, means)
    return means


def _min(members: Members) -> Values:
    return np.fmin.reduceat(np.where(members.present, members.values, np.nan), members.groups.starts, axis=0)


def _max(members: Members) -> Values:
    return np.fmax.reduceat(np.where(members.present, members.values, np.nan), members.groups.starts, axis=0)


def _count(members: Members) -> Values:
    return members.counts


def _group(members: Members) -> Values:
    return np.ones_like(members.counts)


def _stdvar(members: Members) -> Values:
    means = members.groups.spread(_avg(members))
    return members.sums((members.values - means) ** 2) / members.counts


def _stddev(members: Members) -> Values:
    return np.sqrt(_stdvar(members))


AGGREGATIONS: dict[str, Callable[[Members], Values]] = {
    "avg": _avg,
    "count": _count,
    "group": _group,
    "max": _max,
    "min": _min,
    "stddev": _stddev,
    "stdvar": _stdvar,
    "sum": _sum,
}


def aggregate(node: Aggregation, block: Block, layouts: Layouts) -> Block:
    """The groups of `block`; a group without a present member is absent."""
    groups = layouts.get(node, "groups", (block.table,), lambda: lay_out(block.table, node.labels, node.without))
    steps = block.present.shape[1]
    if not len(groups.table):
        return Block(groups.table, np.empty((0, steps)), np.empty((0, steps), np.bool_))
    present = block.present[groups.order]
    counts = np.add.reduceat(present.astype(np.float64), groups.starts, axis=0)
    members = Members(groups, block.values[groups.order], present, counts)
    return Block(groups.table, AGGREGATIONS[node.op](members), counts > 0)


def lay_out(table: Table, names: Sequence[str], without: bool) -> Groups:  # noqa: FBT001 - as in the plan
    """The groups of a table by (or without) some labels, in order of their first member."""
    chosen = frozenset((*names, METRIC_NAME)) if without else frozenset(names)
    numbers: dict[Labels, int] = {}
    group_of = np.fromiter(
        (
            numbers.setdefault(tuple(pair for pair in row if (pair[0] in chosen) is not without), len(numbers))
            for row in table.rows
        ),
        np.int64,
        len(table),
    )
    sizes = np.bincount(group_of, minlength=len(numbers))
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1])) if numbers else np.empty(0, np.int64)
    return Groups(Table(list(numbers)), np.argsort(group_of, kind="stable"), starts.astype(np.int64), sizes)
