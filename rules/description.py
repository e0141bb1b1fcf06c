"""What a rule calls its alerts: labels, their fingerprint and annotations, made of series by templates.

While thousands of alerts fire, hardly one of them is another from one second to the next, so what was made of a series
and its value is kept until the next evaluation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from core.labels import METRIC_NAME, Labels, fingerprint, labels
from rules.promql.vector import Vector
from rules.template import Template
from rules.template_values import Context

ALERT_NAME = "alertname"

Templates = Mapping[str, Template]


class Description(NamedTuple):
    """Of one series and its value; `key` is the fingerprint of the alert's labels."""

    value: float
    labels: Labels
    key: str
    annotations: dict[str, str]


class Descriptions:
    """The descriptions of one rule's last evaluation; for one thread."""

    def __init__(self) -> None:
        self._last: dict[Labels, Description] = {}

    def of(
        self, name: str, own: Templates, annotations: Templates, vector: Vector, context: Context
    ) -> Iterator[Description]:
        """The descriptions of a vector's elements, in their order.

        Args:
            name: of the rule.
            own: the rule's labels.
            annotations: the rule's annotations.
            vector: what its expression found.
            context: what templates may refer to beyond a series.
        """
        templates = (*own.values(), *annotations.values())
        last = self._last if all(template.is_of_its_series for template in templates) else {}
        labels_stay = all(template.is_plain for template in own.values())
        self._last = {}
        for series, value in vector:
            one = last.get(series)
            if one is None or not is_same(one.value, value):
                known = one if labels_stay else None
                called = known.labels if known else _labels(name, own, series, value, context)
                key = known.key if known else fingerprint(called)
                texts = {of: template.expand(series, value, context) for of, template in annotations.items()}
                one = Description(value, called, key, texts)
            self._last[series] = one
            yield one


def is_same(one: float, other: float) -> bool:
    """Whether two values are written the same; of NaN that is not worth knowing."""
    return one == other and math.copysign(1.0, one) == math.copysign(1.0, other)


def _labels(name: str, own: Templates, series: Labels, value: float, context: Context) -> Labels:
    merged = {of: text for of, text in series if of != METRIC_NAME}
    for of, template in own.items():
        merged[of] = template.expand(series, value, context)
    merged[ALERT_NAME] = name
    return labels(merged)
