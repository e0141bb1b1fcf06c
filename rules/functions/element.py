"""Functions of each value alone; NaN in, NaN out, as in Go's math package."""

from __future__ import annotations

import numpy as np

from rules.functions.shapes import Evaluation
from rules.promql.plan import Call
from rules.promql.vector import Block, Values


def absolute(values: Values) -> Values:
    return np.abs(values)


def ceil(values: Values) -> Values:
    return np.ceil(values)


def floor(values: Values) -> Values:
    return np.floor(values)


def exp(values: Values) -> Values:
    return np.exp(values)


def ln(values: Values) -> Values:
    return np.log(values)


def log2(values: Values) -> Values:
    return np.log2(values)


def log10(values: Values) -> Values:
    return np.log10(values)


def sqrt(values: Values) -> Values:
    return np.sqrt(values)


def sign(values: Values) -> Values:
    return np.sign(values)


def round_to(values: Values, nearest: Values | float = 1.0) -> Values:
    """To the nearest multiple; halves go up. The multiple's inverse is used as in Prometheus, which keeps 0.1 exact."""
    inverse = 1.0 / np.asarray(nearest)
    return np.floor(values * inverse + 0.5) / inverse


def clamp(evaluation: Evaluation, call: Call) -> Block:
    """Values within bounds; none at all where the bounds are crossed."""
    operand, *bounds = call.arguments
    block = evaluation.block(operand)
    lowest, highest = (evaluation.line(bound).values for bound in bounds)
    values = _greater(lowest, _lesser(highest, block.values))
    crossed = highest < lowest
    return Block(evaluation.nameless(call, block.table), values, block.present & ~crossed).check()


def clamp_max(values: Values, highest: Values) -> Values:
    return _lesser(highest, values)


def clamp_min(values: Values, lowest: Values) -> Values:
    return _greater(lowest, values)


def _greater(left: Values, right: Values) -> Values:
    """Go's math.Max: NaN wins, but +Inf wins over NaN."""
    infinite = (left == np.inf) | (right == np.inf)
    return np.where(infinite, np.inf, np.maximum(left, right))


def _lesser(left: Values, right: Values) -> Values:
    """Go's math.Min: NaN wins, but -Inf wins over NaN."""
    infinite = (left == -np.inf) | (right == -np.inf)
    return np.where(infinite, -np.inf, np.minimum(left, right))
