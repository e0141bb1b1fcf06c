"""Groups: rows that share their grouping labels, and what of them is present."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.labels import METRIC_NAME, Labels
from rules.promql.vector import Ints, Mask, Table, Values

_MOST_PADDING = 4  # times as many places as members, in groups that are laid side by side


@dataclass(frozen=True)
class Groups:
    """Where the members of each group stand.

    Attributes:
        table: a label set a group.
        order: [series] rows sorted by group.
        numbers: [series] the group of each row in `order`.
        starts: [groups] where each group begins in `order`.
        sizes: [groups].
    """

    table: Table
    order: Ints
    numbers: Ints
    starts: Ints
    sizes: Ints

    @cached_property
    def beside(self) -> Ints | None:
        """[groups, size of the largest] places in `order` of each group's members, and behind them its end.

        None where groups differ so much in size that this is a waste.
        """
        widest = int(self.sizes.max(initial=0))
        if widest * len(self.sizes) > _MOST_PADDING * len(self.order):
            return None
        within = np.arange(widest)
        places: Ints = np.where(within < self.sizes[:, None], self.starts[:, None] + within, len(self.order))
        return places

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
    order = np.argsort(group_of, kind="stable")
    return Groups(Table(list(numbers)), order, group_of[order], starts.astype(np.int64), sizes)
