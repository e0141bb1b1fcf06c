"""The order of an instant query's result: rows come as they are stored, unless the expression sorts them.

As in Prometheus only the outermost sort counts, and only for instant queries.
"""

from __future__ import annotations

import numpy as np

from rules.promql.groups import lay_out
from rules.promql.operators import COMPARISONS
from rules.promql.plan import Aggregation, Binary, Call, Kind, Node, kind_of
from rules.promql.vector import Ints, Table, Vector

_DESCENDING = {"sort": False, "sort_desc": True, "topk": True, "bottomk": False}


def in_order(root: Node, vector: Vector) -> Vector:
    """The vector as `root` sorts it; NaN is always last, and what is equal stays in its order."""
    node = _outermost(root)
    if isinstance(node, Call):
        if node.function not in _DESCENDING:
            return vector
        groups = np.zeros(len(vector), np.int64)
        return _taken(vector, _sorted(vector, groups, descending=_DESCENDING[node.function]))
    if isinstance(node, Aggregation) and node.op in _DESCENDING:
        laid_out = lay_out(Table(vector.labels), node.labels, node.without)
        groups = np.zeros(len(vector), np.int64)
        groups[laid_out.order] = laid_out.numbers
        return _taken(vector, _sorted(vector, groups, descending=_DESCENDING[node.op]))
    return vector


def _outermost(node: Node) -> Node:
    """What is left when comparisons with a number, which filter and keep the order, are taken away."""
    while isinstance(node, Binary) and node.op in COMPARISONS and node.kind is Kind.VECTOR:
        sides = [side for side in (node.left, node.right) if kind_of(side) is Kind.VECTOR]
        if len(sides) != 1:
            break
        node = sides[0]
    return node


def _sorted(vector: Vector, groups: Ints, *, descending: bool) -> Ints:
    keys = -vector.values if descending else vector.values
    return np.lexsort((keys, np.isnan(keys), groups))


def _taken(vector: Vector, places: Ints) -> Vector:
    return Vector([vector.labels[place] for place in places.tolist()], vector.values[places])
