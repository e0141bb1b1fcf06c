"""Least squares over a range: deriv and predict_linear (promql/functions.go, linearRegression)."""

from __future__ import annotations

import numpy as np

from rules.functions.shapes import Outcome, Samples
from rules.promql.vector import Ints, Values


def deriv(samples: Samples) -> Outcome:
    """Slope per second of a gauge."""
    slope, _ = _line(samples, samples.at(0)[0])
    return slope, samples.counts >= 2


def predict_linear(samples: Samples, seconds: float) -> Outcome:
    """The value that a gauge will have `seconds` after the evaluation's instant."""
    slope, now = _line(samples, np.full(len(samples.counts), samples.at_ms))
    return slope * seconds + now, samples.counts >= 2


def _line(samples: Samples, origins_ms: Ints) -> tuple[Values, Values]:
    """Slopes per second and the lines' values at their origins, each [series].

    Sums are taken about the means, which loses fewer digits than Prometheus' compensated plain sums keep.
    """
    counts = np.maximum(samples.counts, 1)
    first = samples.at(0)[1]
    constant = (samples.values == first[:, None]).all(axis=1, where=samples.valid)
    x = np.where(samples.valid, (samples.times - origins_ms[:, None]) / 1000, 0.0)
    y = samples.filled(0.0)
    mean_x, mean_y = x.sum(axis=1) / counts, y.sum(axis=1) / counts
    from_x = np.where(samples.valid, x - mean_x[:, None], 0.0)
    slope = (from_x * np.where(samples.valid, y - mean_y[:, None], 0.0)).sum(axis=1) / (from_x * from_x).sum(axis=1)
    at_origin = mean_y - slope * mean_x
    level = np.where(np.isinf(first), np.nan, first)
    return np.where(constant, level * 0.0, slope), np.where(constant, level, at_origin)
