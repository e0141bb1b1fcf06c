"""The operators on arrays. Division by zero, NaN and infinities follow IEEE 754, as in Go."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rules.promql.vector import Mask, Values

ARITHMETIC: dict[str, Callable[[Values, Values], Values]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARISONS: dict[str, Callable[[Values | float, Values | float], Mask]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}
