"""Between numbers and vectors: scalar and vector."""

from __future__ import annotations

import numpy as np

from rules.functions.shapes import Evaluation
from rules.promql.plan import Call
from rules.promql.vector import Block, Line, Table


def scalar(evaluation: Evaluation, call: Call) -> Line:
    """The value of a vector's only element; NaN when it has none or several."""
    block = evaluation.block(call.arguments[0])
    only = block.present.sum(axis=0) == 1
    if not only.any():
        return Line(np.full(len(only), np.nan))
    row = block.present.argmax(axis=0)
    return Line(np.where(only, block.values[row, np.arange(len(row))], np.nan))


def vector(evaluation: Evaluation, call: Call) -> Block:
    """A number as a vector of one element without labels."""
    line = evaluation.line(call.arguments[0])
    table = evaluation.constant_table(call, lambda: Table([()]))
    return Block(table, line.values[None, :], np.ones((1, len(line.values)), np.bool_))
