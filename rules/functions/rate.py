"""How fast counters and gauges change over a range: rate, increase, delta, irate, idelta.

The extrapolation is Prometheus 3's (promql/functions.go, extrapolatedRate): the change between the first and the
last sample is stretched towards both ends of the range, by at most half the samples' mean distance where an end is
further from its sample than 1.1 distances, and never below a counter's zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rules.functions.shapes import Outcome, Samples, Sight
from rules.promql.vector import Ints, Mask, Values

_NEAR = 1.1  # mean distances within which a series is taken to reach the end of the range


class Course(NamedTuple):
    """How each series goes from its first to its last sample in a range; all that does not depend on where it ends.

    Attributes:
        present: whether there are two samples.
        first_at, last_at: epoch ms.
        change: what a counter lost in resets added.
        sampled: seconds between the two.
        near: seconds within which the series is taken to reach an end of the range.
        half: half the mean distance of the samples, by which it reaches beyond where that is further away.
        to_zero: seconds before the first sample in which a counter would have been zero; +Inf where it was not.
    """

    present: Mask
    first_at: Ints
    last_at: Ints
    change: Values
    sampled: Values
    near: Values
    half: Values
    to_zero: Values


def of_counter(samples: Samples) -> Course:
    return _course(samples, counter=True)


def of_gauge(samples: Samples) -> Course:
    return _course(samples, counter=False)


def _course(samples: Samples, *, counter: bool) -> Course:
    first_at, first = samples.at(0)
    last_at, last = samples.at(samples.counts - 1)
    change = last - first + (_lost_in_resets(samples) if counter else 0.0)
    sampled = (last_at - first_at) / 1000
    distance = sampled / (samples.counts - 1)
    rising = (change > 0) & (first >= 0) if counter else False
    to_zero = np.where(rising, sampled * (first / change), np.inf)
    return Course(samples.counts >= 2, first_at, last_at, change, sampled, distance * _NEAR, distance / 2, to_zero)


def rate(of: Course, sight: Sight) -> Outcome:
    """Increase per second of a counter."""
    values, present = extrapolated(of, sight)
    return values / sight.seconds, present


def extrapolated(of: Course, sight: Sight) -> Outcome:
    """Change over the whole range, of counters (increase) and of gauges (delta)."""
    to_start = np.minimum(_reach((of.first_at - sight.start_ms) / 1000, of), of.to_zero)
    to_end = _reach((sight.end_ms - of.last_at) / 1000, of)
    return of.change * ((of.sampled + to_start + to_end) / of.sampled), of.present.copy()


def _reach(gap: Values, of: Course) -> Values:
    return np.where(gap >= of.near, of.half, gap)


def irate(samples: Samples) -> Outcome:
    """Increase per second of a counter between its last two samples."""
    change, seconds, present = _last_two(samples, counter=True)
    return change / seconds, present


def idelta(samples: Samples) -> Outcome:
    """Change of a gauge between its last two samples."""
    change, _, present = _last_two(samples, counter=False)
    return change, present


def _lost_in_resets(samples: Samples) -> Values:
    """The values that counters had when they fell."""
    values = samples.values
    if values.shape[1] < 2:
        return np.zeros(len(values))
    fell = (values[:, 1:] < values[:, :-1]) & samples.valid[:, 1:]
    if not fell.any():
        return np.zeros(len(values))
    lost: Values = np.where(fell, values[:, :-1], 0.0).sum(axis=1)
    return lost


def _last_two(samples: Samples, *, counter: bool) -> tuple[Values, Values, Mask]:
    """Change, seconds between, and whether there are two samples."""
    before_at, before = samples.at(samples.counts - 2)
    last_at, last = samples.at(samples.counts - 1)
    change: Values = last - before
    if counter:
        change = np.where(last < before, last, change)
    seconds = (last_at - before_at) / 1000
    return change, seconds, (samples.counts >= 2) & (seconds > 0)
