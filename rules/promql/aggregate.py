"""Aggregations: rows that share their grouping labels become one, or the ones that are chosen stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rules.promql import ranked
from rules.promql.groups import Groups, Members, lay_out
from rules.promql.layouts import Layouts
from rules.promql.plan import Aggregation
from rules.promql.tally import count_values
from rules.promql.vector import Block, Line, Mask, Values


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


@dataclass(frozen=True, slots=True)
class Reduction:
    """`compute(members)`, or with the parameter [steps] → values [groups, steps]."""

    compute: Callable[..., Values]


@dataclass(frozen=True, slots=True)
class Choice:
    """`keep(members, parameter [steps])` → which of the members [series, steps] stay, labels and all.

    With `hashed` it is also given a share of each member, [series].
    """

    keep: Callable[..., Mask]
    hashed: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """`count(node, block, layouts)`; its groups depend on values."""

    count: Callable[[Aggregation, Block, Layouts], Block]


AGGREGATIONS: dict[str, Reduction | Choice | Tally] = {
    "avg": Reduction(_avg),
    "bottomk": Choice(ranked.bottomk),
    "count": Reduction(_count),
    "count_values": Tally(count_values),
    "group": Reduction(_group),
    "limit_ratio": Choice(ranked.limit_ratio, hashed=True),
    "limitk": Choice(ranked.limitk),
    "max": Reduction(_max),
    "min": Reduction(_min),
    "quantile": Reduction(ranked.quantile),
    "stddev": Reduction(_stddev),
    "stdvar": Reduction(_stdvar),
    "sum": Reduction(_sum),
    "topk": Choice(ranked.topk),
}


def aggregate(node: Aggregation, block: Block, parameter: Line | None, layouts: Layouts) -> Block:
    """The groups of `block`, or those of its rows that are chosen; a group without a present member is absent.

    Raises:
        EvaluationError: the parameter is of no use.
    """
    aggregation = AGGREGATIONS[node.op]
    if isinstance(aggregation, Tally):
        return aggregation.count(node, block, layouts)
    groups = layouts.get(node, "groups", (block.table,), lambda: lay_out(block.table, node.labels, node.without))
    numbers = () if parameter is None else (parameter.values,)
    members = _members(groups, block)
    if isinstance(aggregation, Choice):
        if aggregation.hashed:
            shares = layouts.get(node, "shares", (block.table,), lambda: ranked.hashed(block.table))
            numbers = (*numbers, shares[groups.order])
        present = np.zeros(block.present.shape, np.bool_)
        present[groups.order] = aggregation.keep(members, *numbers)
        return Block(block.table, block.values, present)
    if not len(groups.table):
        return Block(groups.table, members.counts, members.counts > 0)
    return Block(groups.table, aggregation.compute(members, *numbers), members.counts > 0)


def _members(groups: Groups, block: Block) -> Members:
    present = block.present[groups.order]
    if not len(groups.table):
        return Members(groups, block.values, present, np.empty((0, present.shape[1])))
    counts = np.add.reduceat(present.astype(np.float64), groups.starts, axis=0)
    return Members(groups, block.values[groups.order], present, counts)
