"""Parts of the UTC date of epoch seconds: minute, hour, day_of_week and their like.

Fractions of a second are cut off, towards zero as Go's conversion does. NaN, infinities and seconds beyond 64 bits have
no date: NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rules.promql.vector import Ints, Mask, Values

_DAY = 86_400
_WIDEST = 2.0**62
_THURSDAY = 4  # the first of January 1970; Sunday is 0


def minute(values: Values) -> Values:
    return _part(values, _seconds(values) // 60 % 60)


def hour(values: Values) -> Values:
    return _part(values, _seconds(values) // 3600 % 24)


def day_of_week(values: Values) -> Values:
    """0 is Sunday."""
    return _part(values, (_seconds(values) // _DAY + _THURSDAY) % 7)


def day_of_month(values: Values) -> Values:
    days = _days(values)
    return _part(values, (days - days.astype("M8[M]")).astype(np.int64) + 1)


def day_of_year(values: Values) -> Values:
    days = _days(values)
    return _part(values, (days - days.astype("M8[Y]")).astype(np.int64) + 1)


def days_in_month(values: Values) -> Values:
    months = _days(values).astype("M8[M]")
    return _part(values, ((months + 1).astype("M8[D]") - months.astype("M8[D]")).astype(np.int64))


def month(values: Values) -> Values:
    """1 is January."""
    return _part(values, _days(values).astype("M8[M]").astype(np.int64) % 12 + 1)


def year(values: Values) -> Values:
    return _part(values, _days(values).astype("M8[Y]").astype(np.int64) + 1970)


def _has_date(values: Values) -> Mask:
    return np.abs(values) < _WIDEST


def _seconds(values: Values) -> Ints:
    return np.where(_has_date(values), values, 0.0).astype(np.int64)


def _days(values: Values) -> NDArray[np.datetime64]:
    return (_seconds(values) // _DAY).astype("M8[D]")


def _part(values: Values, parts: Ints) -> Values:
    return np.where(_has_date(values), parts.astype(np.float64), np.nan)
