"""sort and sort_desc: values as they are; the order is that of the whole result (see `rules.promql.ordering`)."""

from __future__ import annotations

from rules.functions.shapes import Evaluation
from rules.promql.plan import Call
from rules.promql.vector import Block


def unchanged(evaluation: Evaluation, call: Call) -> Block:
    return evaluation.block(call.arguments[0])
