"""One element where there is none: absent and absent_over_time."""

from __future__ import annotations

import numpy as np

from core.labels import METRIC_NAME, Labels, labels
from rules.functions.shapes import Evaluation
from rules.promql.plan import Call, Node, RangeSelector, VectorSelector
from rules.promql.vector import Block, Mask, Table


def absent(evaluation: Evaluation, call: Call) -> Block:
    (argument,) = call.arguments
    return _missing(evaluation, call, np.logical_not(evaluation.block(argument).present.any(axis=0)))


def absent_over_time(evaluation: Evaluation, call: Call) -> Block:
    (argument,) = call.arguments
    return _missing(evaluation, call, ~evaluation.any_in_range(argument))


def _missing(evaluation: Evaluation, call: Call, missing: Mask) -> Block:
    table = evaluation.constant_table(call, lambda: Table([known_labels(call.arguments[0])]))
    return Block(table, np.ones((1, len(missing))), missing[None, :])


def known_labels(argument: Node) -> Labels:
    """The labels that a selector's equalities give; a label matched twice is left out, as in Prometheus."""
    if not isinstance(argument, VectorSelector | RangeSelector):
        return ()
    known: dict[str, str] = {}
    seen: set[str] = {METRIC_NAME}
    for matcher in argument.selector.matchers:
        if matcher.op == "=" and matcher.name not in seen:
            known[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            known.pop(matcher.name, None)
    return labels(known)
