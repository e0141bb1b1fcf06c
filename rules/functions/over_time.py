"""Aggregates of each series over a range: avg_over_time and its family."""

from __future__ import annotations

import numpy as np

from rules.functions.shapes import Outcome, Samples
from rules.promql.vector import Ints, Mask, Values


def _any(samples: Samples) -> Mask:
    return samples.counts > 0


def total(samples: Samples) -> Outcome:
    return samples.filled(0.0).sum(axis=1), _any(samples)


def average(samples: Samples) -> Outcome:
    """The mean; of numbers too large to add up, the sum of their shares."""
    counts = np.maximum(samples.counts, 1)
    values = samples.filled(0.0)
    sums = values.sum(axis=1)
    overflowed = np.isinf(sums) & ~np.isinf(values).any(axis=1)
    means = sums / counts
    if overflowed.any():
        means[overflowed] = (values[overflowed] / counts[overflowed, None]).sum(axis=1)
    sparse = samples.sparse
    if len(sparse):
        means[sparse] = (values[sparse] * samples.shares(sparse)).sum(axis=1)
    return means, _any(samples)


def minimum(samples: Samples) -> Outcome:
    """The least value; NaN only where there is nothing else."""
    return np.fmin.reduce(samples.filled(np.nan), axis=1, initial=np.nan), _any(samples)


def maximum(samples: Samples) -> Outcome:
    """The greatest value; NaN only where there is nothing else."""
    return np.fmax.reduce(samples.filled(np.nan), axis=1, initial=np.nan), _any(samples)


def count(samples: Samples) -> Outcome:
    return samples.counts.astype(np.float64), _any(samples)


def last(samples: Samples) -> Outcome:
    return samples.at(samples.counts - 1)[1], _any(samples)


def present(samples: Samples) -> Outcome:
    return np.ones(len(samples.counts)), _any(samples)


def stdvar(samples: Samples) -> Outcome:
    """The population variance."""
    counts, sparse = np.maximum(samples.counts, 1), samples.sparse
    values = samples.filled(0.0)
    mean = values.sum(axis=1) / counts
    if len(sparse):
        mean[sparse] = (values[sparse] * samples.shares(sparse)).sum(axis=1)
    squares = np.where(samples.valid, (samples.values - mean[:, None]) ** 2, 0.0)
    variance = squares.sum(axis=1) / counts
    if len(sparse):
        variance[sparse] = (squares[sparse] * samples.shares(sparse)).sum(axis=1)
    return variance, _any(samples)


def stddev(samples: Samples) -> Outcome:
    variance, present_ = stdvar(samples)
    return np.sqrt(variance), present_


def quantile(samples: Samples, ratio: float) -> Outcome:
    """The value below which a ratio of the samples lies, interpolated; NaN is below every number."""
    width = samples.values.shape[1]
    if not 0 <= ratio <= 1 or not width:
        beyond = -np.inf if ratio < 0 else np.inf if ratio > 1 else np.nan
        return np.full(len(samples.counts), beyond), _any(samples)
    ordered = np.sort(samples.filled(np.nan), axis=1)
    nans = (samples.valid & np.isnan(samples.values)).sum(axis=1)
    last = np.maximum(samples.counts - 1, 0)
    rank = ratio * last
    lower = np.floor(rank)
    below, above = (_ordered_at(ordered, nans, place) for place in (lower, np.minimum(lower + 1, last)))
    return below * (1 - (rank - lower)) + above * (rank - lower), _any(samples)


def _ordered_at(ordered: Values, nans: Ints, place: Values) -> Values:
    """Values [series] at a place counted with NaN first; in `ordered` NaN is last."""
    column = place.astype(np.int64) - nans
    found = np.take_along_axis(ordered, np.maximum(column, 0)[:, None], axis=1)[:, 0]
    return np.where(column < 0, np.nan, found)


def changes(samples: Samples) -> Outcome:
    """How often the value changed; from NaN to NaN is no change."""
    before, after = samples.values[:, :-1], samples.values[:, 1:]
    changed = (before != after) & ~(np.isnan(before) & np.isnan(after)) & samples.valid[:, 1:]
    return _count_pairs(changed), _any(samples)


def resets(samples: Samples) -> Outcome:
    """How often the value fell, as a counter does when it starts again."""
    fell = (samples.values[:, 1:] < samples.values[:, :-1]) & samples.valid[:, 1:]
    return _count_pairs(fell), _any(samples)


def _count_pairs(pairs: Mask) -> Values:
    return np.asarray(pairs.sum(axis=1), np.float64)
