"""Recording rules: a result written back as a series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.labels import METRIC_NAME, Labels, labels
from rules.errors import EvaluationError
from rules.promql.plan import Expression
from rules.promql.vector import Vector


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """A recording rule as read from a file.

    Attributes:
        key: identity that outlives a reload.
        record: the name of the series it writes.
        labels: added to each result; an empty value removes the label.
        file, line: where the rule stands.
    """

    key: str
    record: str
    expression: Expression
    labels: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    line: int = 0


def record(rule: RecordingRule, vector: Vector) -> Vector:
    """The samples that `rule` writes for the result of its expression.

    Raises:
        EvaluationError: two of them would have the same labels.
    """
    rows = [_named(rule, series) for series in vector.labels]
    if len(set(rows)) != len(rows):
        raise EvaluationError("vector contains metrics with the same labelset after applying rule labels")
    return Vector(rows, np.asarray(vector.values, np.float64))


def _named(rule: RecordingRule, series: Labels) -> Labels:
    return labels({**dict(series), **rule.labels, METRIC_NAME: rule.record})
