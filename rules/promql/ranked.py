"""Aggregations that put the members of a group in order or choose among them: quantile, topk and their like.

Each takes its parameter per step. NaN is below every number for quantile, and comes last for topk and bottomk.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.labels import fingerprint
from rules.errors import EvaluationError
from rules.promql.groups import Members
from rules.promql.vector import Ints, Mask, Table, Values

_NAN_FIRST, _NAN_LAST = 0, 2  # numbers are of class 1, what is absent of class 3
_WIDEST = 2.0**63  # what Prometheus' integers hold


def quantile(members: Members, ratios: Values) -> Values:
    """The value below which a ratio of the group lies, interpolated (promql/quantile.go)."""
    inside = (ratios >= 0) & (ratios <= 1)
    last = np.maximum(members.counts - 1, 0)
    rank = np.where(inside, ratios, 0.0) * last
    lower = np.floor(rank)
    weight = rank - lower
    ordered = _side_by_side if members.groups.beside is not None else _one_behind_the_other
    below, above = ordered(members, lower.astype(np.int64), np.minimum(lower + 1, last).astype(np.int64))
    values = below * (1 - weight) + above * weight
    return np.where(inside, values, np.where(ratios < 0, -np.inf, np.where(ratios > 1, np.inf, np.nan)))


def _side_by_side(members: Members, *places: Ints) -> Iterator[Values]:
    """The values [groups, steps] at some places [groups, steps] within the groups in order: a row a group is sorted."""
    steps = members.values.shape[1]
    values = np.full((steps, len(members.values) + 1), np.nan)
    np.copyto(values[:, :-1], members.values.T, where=members.present.T)
    ordered = np.sort(values[:, members.groups.beside], axis=2)  # with NaN last, be it a value or none
    unknown = members.present & np.isnan(members.values)
    nans = np.add.reduceat(unknown.astype(np.int64), members.groups.starts, axis=0)
    for place in places:
        column = place - nans
        found = np.take_along_axis(ordered, np.maximum(column, 0).T[:, :, None], axis=2)[:, :, 0].T
        yield np.where(column < 0, np.nan, found)


def _one_behind_the_other(members: Members, *places: Ints) -> Iterator[Values]:
    """As `_side_by_side`, for groups of very different sizes: all is sorted by group and value."""
    ordered = np.take_along_axis(members.values, _ranked(members, members.values, _NAN_FIRST, stable=False), axis=0)
    top = max(len(ordered) - 1, 0)
    for place in places:
        yield np.take_along_axis(ordered, np.minimum(members.groups.starts[:, None] + place, top), axis=0)


def topk(members: Members, numbers: Values) -> Mask:
    """The greatest `numbers` of each group; of equal ones the first."""
    return _first(members, -members.values, _whole(numbers))


def bottomk(members: Members, numbers: Values) -> Mask:
    """The least `numbers` of each group; of equal ones the first."""
    return _first(members, members.values, _whole(numbers))


def limitk(members: Members, numbers: Values) -> Mask:
    """Any `numbers` of each group: the first."""
    before: Ints = np.cumsum(members.present, axis=0) - members.present
    places: Ints = before - np.repeat(before[members.groups.starts], members.groups.sizes, axis=0)
    return members.present & (places < _whole(numbers))


def limit_ratio(members: Members, ratios: Values, shares: Values) -> Mask:
    """About the given share of the series, always the same ones.

    A negative ratio yields those that the ratio one greater leaves out.
    `shares` are the `hashed` shares of the members.
    """
    if np.isnan(ratios).any():
        raise EvaluationError("the ratio of limit_ratio is NaN")
    bound = np.clip(ratios, -1.0, 1.0)
    share = shares[:, None]
    return members.present & np.where(bound >= 0, share < bound, share >= 1.0 + bound)


def hashed(table: Table) -> Values:
    """A number in [0, 1) for each row that depends on its labels only."""
    # 53 bits of the hash: more would be rounded up to 1.
    return np.array([(int(fingerprint(row), 16) >> 11) / 2.0**53 for row in table.rows], np.float64)


def _whole(numbers: Values) -> Ints:
    if not ((numbers >= -_WIDEST) & (numbers < _WIDEST)).all():
        raise EvaluationError("how many is to be kept is NaN or too large a number")
    return numbers.astype(np.int64)


def _first(members: Members, keys: Values, numbers: Ints) -> Mask:
    places = _ranked(members, keys, _NAN_LAST, stable=True)
    within = np.arange(len(places)) - members.groups.starts[members.groups.numbers]
    kept = np.zeros(members.present.shape, np.bool_)
    np.put_along_axis(kept, places, within[:, None] < numbers, axis=0)
    return kept & members.present


def _ranked(members: Members, keys: Values, nan_class: int, *, stable: bool) -> Ints:
    """[series, steps] the members in order of group and key; what is absent comes last in its group."""
    groups = members.groups
    hidden = np.where(members.present, keys, np.nan).T
    by_key = np.argsort(hidden, axis=1, kind="stable" if stable else None)
    classes = 4 * groups.numbers[:, None] + np.where(members.present, np.where(np.isnan(keys), nan_class, 1), 3)
    narrow = np.uint16 if 4 * len(groups.table) < 2**16 else np.int64  # 16 bits are sorted by radix
    by_class = np.argsort(np.take_along_axis(classes.T.astype(narrow), by_key, axis=1), axis=1, kind="stable")
    return np.take_along_axis(by_key, by_class, axis=1).T
