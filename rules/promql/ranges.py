"""Range functions applied: to what is kept of each series, or step by step to the samples."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rules.functions.shapes import OfRange, Outcome
from rules.promql.plan import Call, Negation, Number, RangeSelector
from rules.promql.reading import Reading
from rules.promql.vector import Mask, Table, Values


def are_constant(node: Call, place: int) -> bool:
    """Whether all arguments but the one at `place` are numbers; what depends on others is not worth being kept."""
    return all(
        isinstance(argument.operand if isinstance(argument, Negation) else argument, Number)
        for index, argument in enumerate(node.arguments)
        if index != place
    )


def of_digest(
    reading: Reading, argument: RangeSelector, function: OfRange, numbers: tuple[float, ...]
) -> tuple[Table, Values, Mask] | None:
    """The outcome [series, 1] from what is kept of each series; None where nothing is."""
    kept = reading.digest(argument.selector, argument.range_ms, function, numbers)
    if kept is None:
        return None
    sight, digest = kept
    if function.finish is not None:
        values, present = function.finish(digest, sight, *numbers)
    else:
        values, present = (column.copy() for column in digest)  # what is kept goes on changing
    return reading.select(argument.selector).table, values[:, None], present[:, None]


def stacked(outcomes: Iterable[Outcome]) -> tuple[Values, Mask]:
    """The outcomes of some steps as [series, steps]."""
    values, present = zip(*outcomes, strict=True)
    return np.stack(values, axis=1), np.stack(present, axis=1)
