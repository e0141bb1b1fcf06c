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


class Ends(NamedTuple):
    """The first and the last sample of each series in a range, how many there are, and what was lost in resets."""

    counts: Ints
    first_at: Ints
    first: Values
    last_at: Ints
    last: Values
    lost: Values


def ends(samples: Samples) -> Ends:
    return Ends(samples.counts, *samples.at(0), *samples.at(samples.counts - 1), _lost_in_resets(samples))


def rate(of: Ends, sight: Sight) -> Outcome:
    """Increase per second of a counter."""
    values, present = _extrapolated(of, sight, counter=True)
    return values / sight.seconds, present


def increase(of: Ends, sight: Sight) -> Outcome:
    """Increase of a counter over the range."""
    return _extrapolated(of, sight, counter=True)


def delta(of: Ends, sight: Sight) -> Outcome:
    """Change of a gauge over the range."""
    return _extrapolated(of, sight, counter=False)


def irate(samples: Samples) -> Outcome:
    """Increase per second of a counter between its last two samples."""
    change, seconds, present = _last_two(samples, counter=True)
    return change / seconds, present


def idelta(samples: Samples) -> Outcome:
    """Change of a gauge between its last two samples."""
    change, _, present = _last_two(samples, counter=False)
    return change, present


def _extrapolated(of: Ends, sight: Sight, *, counter: bool) -> Outcome:
    change = of.last - of.first + (of.lost if counter else 0.0)
    sampled = (of.last_at - of.first_at) / 1000
    distance = sampled / (of.counts - 1)
    to_start = _reach((of.first_at - sight.start_ms) / 1000, distance)
    to_end = _reach((sight.end_ms - of.last_at) / 1000, distance)
    if counter:
        to_zero = np.where((change > 0) & (of.first >= 0), sampled * (of.first / change), np.inf)
        to_start = np.minimum(to_start, to_zero)
    return change * ((sampled + to_start + to_end) / sampled), of.counts >= 2


def _reach(gap: Values, distance: Values) -> Values:
    return np.where(gap >= distance * _NEAR, distance / 2, gap)


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
