"""`selector > number`, the most frequent of all rules, of which nearly always nothing holds.

Whether no series' newest value holds is told by one comparison. Whose samples are recent enough, or stale, matters only
where one does: that is left to the evaluator, and so is what has samples from after the instant.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rules.promql.operators import COMPARISONS
from rules.promql.plan import Binary, Kind, Node, Number, VectorSelector, kind_of
from rules.promql.reading import Reading
from rules.promql.vector import Line


def holds_nowhere(node: Node, reading: Reading, line: Callable[[Node], Line]) -> bool:
    """Whether the node is a threshold that keeps no sample at the instant; False also where that is not certain.

    Args:
        node: any node of a plan.
        reading: what is read at the instant.
        line: the value of a scalar node.
    """
    if not isinstance(node, Binary) or node.as_bool or node.op not in COMPARISONS:
        return False
    number_is_left = kind_of(node.left) is Kind.SCALAR
    vector, number = (node.right, node.left) if number_is_left else (node.left, node.right)
    if not isinstance(vector, VectorSelector) or kind_of(number) is not Kind.SCALAR:
        return False
    values = reading.newest_values(vector.selector)
    if values is None:
        return False
    limit = number.value if isinstance(number, Number) else float(line(number).values[0])
    left, right = (limit, values) if number_is_left else (values, limit)
    return not np.count_nonzero(COMPARISONS[node.op](left, right))
