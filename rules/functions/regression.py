"""Least squares over a range: deriv and predict_linear (promql/functions.go, linearRegression)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rules.functions.shapes import Outcome, Samples, Sight
from rules.promql.vector import Ints, Mask, Values


class Line(NamedTuple):
    """The line through the samples of each series: slopes per second, and values at the first samples' instants."""

    first_at: Ints
    slopes: Values
    levels: Values
    present: Mask


def deriv(of: Line, sight: Sight) -> Outcome:  # noqa: ARG001 - the shape of a function's second step
    """Slope per second of a gauge."""
    return of.slopes.copy(), of.present.copy()


def predict_linear(of: Line, sight: Sight, seconds: float) -> Outcome:
    """The value that a gauge will have `seconds` after the evaluation's instant."""
    since = (sight.at_ms - of.first_at) / 1000
    return of.slopes * (since + seconds) + of.levels, of.present.copy()


def line(samples: Samples) -> Line:
    """Sums are taken about the means, which loses fewer digits than Prometheus' compensated plain sums keep."""
    counts = np.maximum(samples.counts, 1)
    first_at, first = samples.at(0)
    constant = (samples.values == first[:, None]).all(axis=1, where=samples.valid)
    x = np.where(samples.valid, (samples.times - first_at[:, None]) / 1000, 0.0)
    y = samples.filled(0.0)
    mean_x, mean_y = x.sum(axis=1) / counts, y.sum(axis=1) / counts
    from_x = np.where(samples.valid, x - mean_x[:, None], 0.0)
    slope = (from_x * np.where(samples.valid, y - mean_y[:, None], 0.0)).sum(axis=1) / (from_x * from_x).sum(axis=1)
    level = np.where(np.isinf(first), np.nan, first)
    slopes = np.where(constant, level * 0.0, slope)
    return Line(first_at, slopes, np.where(constant, level, mean_y - slope * mean_x), samples.counts >= 2)
