"""Functions of the evaluation's instant."""

from __future__ import annotations

from rules.functions.shapes import Evaluation
from rules.promql.plan import Call
from rules.promql.vector import Line


def time(evaluation: Evaluation, call: Call) -> Line:  # noqa: ARG001 - the shape of a special function
    """Epoch seconds of the evaluation."""
    return Line(evaluation.times / 1000)
