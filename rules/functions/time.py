"""Instants: of the evaluation and of samples."""

from __future__ import annotations

import numpy as np

from rules.functions.shapes import Evaluation
from rules.promql.plan import Call
from rules.promql.vector import Block, Line


def time(evaluation: Evaluation, call: Call) -> Line:  # noqa: ARG001 - the shape of a special function
    """Epoch seconds of the evaluation."""
    return Line(evaluation.times / 1000)


def timestamp(evaluation: Evaluation, call: Call) -> Block:
    """Epoch seconds of a selector's samples; of anything that is computed, of the evaluation."""
    (argument,) = call.arguments
    block = evaluation.block(argument)
    times = evaluation.sample_times(argument)
    values = np.broadcast_to(evaluation.times, block.values.shape) if times is None else times
    return Block(evaluation.nameless(call, block.table), values / 1000, block.present).check()
