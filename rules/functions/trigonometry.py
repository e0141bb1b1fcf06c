"""Angles and hyperbolas, element by element; NaN outside a function's domain."""

from __future__ import annotations

import math

import numpy as np

from rules.functions.shapes import Evaluation
from rules.promql.plan import Call
from rules.promql.vector import Line, Values


def acos(values: Values) -> Values:
    return np.arccos(values)


def acosh(values: Values) -> Values:
    return np.arccosh(values)


def asin(values: Values) -> Values:
    return np.arcsin(values)


def asinh(values: Values) -> Values:
    return np.arcsinh(values)


def atan(values: Values) -> Values:
    return np.arctan(values)


def atanh(values: Values) -> Values:
    return np.arctanh(values)


def cos(values: Values) -> Values:
    return np.cos(values)


def cosh(values: Values) -> Values:
    return np.cosh(values)


def sin(values: Values) -> Values:
    return np.sin(values)


def sinh(values: Values) -> Values:
    return np.sinh(values)


def tan(values: Values) -> Values:
    return np.tan(values)


def tanh(values: Values) -> Values:
    return np.tanh(values)


def deg(values: Values) -> Values:
    """Degrees of radians."""
    return values * 180 / math.pi


def rad(values: Values) -> Values:
    """Radians of degrees."""
    return values * math.pi / 180


def pi(evaluation: Evaluation, call: Call) -> Line:  # noqa: ARG001 - the shape of a special function
    return Line(np.full(len(evaluation.times), math.pi))
