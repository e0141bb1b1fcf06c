"""How the rows of two tables pair up: worked out once for the tables, whatever is present at an instant.

A *group* is one value of the matching labels. On the one side a group may have had several series over time (a label
outside the match has changed), of which only one may be present at an instant; those that give the result the
same labels are one *variant* of the group. A pair is a row of the many side with a variant of its group.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.labels import METRIC_NAME, Labels
from rules.errors import EvaluationError
from rules.promql.operators import ARITHMETIC
from rules.promql.plan import Binary, Matching
from rules.promql.vector import Ints, Table

Signature = tuple[str, ...] | Labels

_MOST_PAIRS = 1_000_000


@dataclass(frozen=True, slots=True)
class Join:
    """The pairs of two tables.

    Attributes:
        table: [pairs] labels of the result.
        many_rows: [pairs] row of the many side.
        one_rows: [pairs] row of the one side; None when a group has several and it depends on the instant.
        groups_of_one, variants_of_one: [rows of the one side].
        groups_of_pairs, variants_of_pairs: [pairs].
        many_unique: each group has at most one row on the many side.
    """

    table: Table
    many_rows: Ints
    one_rows: Ints | None
    groups_of_one: Ints
    variants_of_one: Ints
    groups_of_pairs: Ints
    variants_of_pairs: Ints
    group_count: int
    variant_count: int
    many_unique: bool


def signer(matching: Matching) -> Callable[[Labels], Signature]:
    """A function that gives the matching labels of a row."""
    if matching.on:
        names = matching.labels

        def values(row: Labels) -> Signature:
            own = dict(row)
            return tuple(own.get(name, "") for name in names)

        return values
    ignored = frozenset((*matching.labels, METRIC_NAME))
    return lambda row: tuple(pair for pair in row if pair[0] not in ignored)


def lay_out(node: Binary, left: Table, right: Table) -> Join:
    """The join of `node` over two tables.

    Raises:
        EvaluationError: the pairs are too many to be meant.
    """
    many, one = (right, left) if node.matching.many == "right" else (left, right)
    sign = signer(node.matching)
    groups: dict[Signature, int] = {}
    groups_of_one = [groups.setdefault(sign(row), len(groups)) for row in one.rows]
    variants: dict[tuple[int, Signature], int] = {}
    variants_of_one = [
        variants.setdefault((group, _included(node.matching, row)), len(variants))
        for group, row in zip(groups_of_one, one.rows, strict=True)
    ]
    of_group: list[list[int]] = [[] for _ in groups]
    for (group, _), variant in variants.items():
        of_group[group].append(variant)
    pairs: list[tuple[int, int, int]] = []
    for row_number, row in enumerate(many.rows):
        group = groups.get(sign(row), -1)
        if group >= 0:
            pairs += ((row_number, group, variant) for variant in of_group[group])
            if len(pairs) > _MOST_PAIRS:
                raise EvaluationError(f"more than {_MOST_PAIRS} series could match; match on more labels")
    includeds = [included for _, included in variants]
    rows = [result_labels(node, many.rows[row], includeds[variant]) for row, _, variant in pairs]
    columns = np.array(pairs, np.int64).reshape(-1, 3)
    return _join(Table(rows), columns, groups_of_one, variants_of_one, len(groups), len(variants))


def _join(
    table: Table, pairs: Ints, groups_of_one: list[int], variants_of_one: list[int], group_count: int, variants: int
) -> Join:
    many_rows, groups_of_pairs, variants_of_pairs = pairs.T
    single = group_count == len(groups_of_one)
    matched = groups_of_pairs
    return Join(
        table=table,
        many_rows=many_rows,
        one_rows=variants_of_pairs if single else None,  # then group, variant and row have the same number
        groups_of_one=np.array(groups_of_one, np.int64),
        variants_of_one=np.array(variants_of_one, np.int64),
        groups_of_pairs=matched,
        variants_of_pairs=variants_of_pairs,
        group_count=group_count,
        variant_count=variants,
        many_unique=len(np.unique(matched)) == len(matched),
    )


def _included(matching: Matching, row: Labels) -> Signature:
    if not matching.include:
        return ()
    own = dict(row)
    return tuple(own.get(name, "") for name in matching.include)


def result_labels(node: Binary, many: Labels, included: Signature) -> Labels:
    """The labels of a pair (promql/engine.go, resultMetric): those of the many side, as the operator and match say."""
    matching = node.matching
    own = dict(many)
    if node.op in ARITHMETIC or node.as_bool:
        own.pop(METRIC_NAME, None)
    if matching.many is None:
        if matching.on:
            own = {name: value for name, value in own.items() if name in matching.labels}
        else:
            own = {name: value for name, value in own.items() if name not in matching.labels}
    own.update(zip(matching.include, map(str, included), strict=True))
    return tuple(sorted(pair for pair in own.items() if pair[1] != ""))
