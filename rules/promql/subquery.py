"""Subqueries: an expression evaluated at the instants of a range, and the values taken as samples."""

from __future__ import annotations

import numpy as np

from rules.errors import EvaluationError
from rules.promql.vector import Block, Ints, Table, merged

DEFAULT_STEP_MS = 15_000
MAX_STEPS = 200_000


def steps(ends: Ints, range_ms: int, step_ms: int) -> Ints:
    """The instants at which a subquery is evaluated for the ranges that end at `ends` [steps], in their order.

    They are multiples of the step, whatever the ranges, so that neighbouring evaluations see the same values; a range
    is open on the left.

    Raises:
        EvaluationError: they are too many.
    """
    last, first = int(ends.max()), int(ends.min()) - range_ms
    first = first // step_ms * step_ms + step_ms
    if (last - first) // step_ms >= MAX_STEPS:
        raise EvaluationError(f"a subquery of more than {MAX_STEPS} steps; give it a larger resolution: [1h:1m]")
    every = np.arange(first, last + 1, step_ms, dtype=np.int64)
    ordered = np.sort(ends)
    following = np.searchsorted(ordered, every)  # the first range that does not end before the instant
    return every[ordered[following] - range_ms < every]


def without_twins(block: Block, times: Ints) -> Block:
    """The block with rows that have become the same series in one row."""
    if block.table.twins is None:
        return block
    matrix = merged(block, times)
    return Block(Table(matrix.labels), matrix.values, matrix.present)
