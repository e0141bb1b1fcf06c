"""The functions of PromQL, one line each.

To add one: write it in the file of its family, name it here, test it. Four shapes exist (`rules.functions.shapes`):
over the samples of a range, over the values of a vector, of numbers only, and those that need more than values.
"""

from __future__ import annotations

from rules.functions import absent, conversion, element, over_time, rate, regression, time
from rules.functions.shapes import Function, OfElements, OfRange, Special

FUNCTIONS: dict[str, Function] = {
    "abs": OfElements(element.absolute),
    "absent": Special(absent.absent),
    "absent_over_time": Special(absent.absent_over_time),
    "avg_over_time": OfRange(over_time.average),
    "ceil": OfElements(element.ceil),
    "changes": OfRange(over_time.changes),
    "clamp": Special(element.clamp),
    "clamp_max": OfElements(element.clamp_max),
    "clamp_min": OfElements(element.clamp_min),
    "count_over_time": OfRange(over_time.count),
    "delta": OfRange(rate.delta),
    "deriv": OfRange(regression.deriv),
    "exp": OfElements(element.exp),
    "floor": OfElements(element.floor),
    "idelta": OfRange(rate.idelta),
    "increase": OfRange(rate.increase),
    "irate": OfRange(rate.irate),
    "last_over_time": OfRange(over_time.last, keeps_name=True),
    "ln": OfElements(element.ln),
    "log10": OfElements(element.log10),
    "log2": OfElements(element.log2),
    "max_over_time": OfRange(over_time.maximum),
    "min_over_time": OfRange(over_time.minimum),
    "predict_linear": OfRange(regression.predict_linear),
    "present_over_time": OfRange(over_time.present),
    "rate": OfRange(rate.rate),
    "resets": OfRange(over_time.resets),
    "scalar": Special(conversion.scalar, scalar=True),
    "sgn": OfElements(element.sign),
    "sqrt": OfElements(element.sqrt),
    "stddev_over_time": OfRange(over_time.stddev),
    "stdvar_over_time": OfRange(over_time.stdvar),
    "sum_over_time": OfRange(over_time.total),
    "time": Special(time.time, scalar=True),
    "vector": Special(conversion.vector),
}
