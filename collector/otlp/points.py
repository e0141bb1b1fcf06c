"""Data points of a request as samples of Prometheus' series.

| OTLP | series |
|---|---|
| gauge | one |
| sum, monotonic and cumulative | one, `_total` |
| sum, not monotonic and cumulative | one, a gauge |
| histogram, cumulative | `_bucket` by `le`, `_count`, `_sum` where it has one |
| summary | one by `quantile`, `_count`, `_sum` |

Everything else is refused point by point, with the reason. A resource that says more than which service it is has
`target_info`, at the time of its last point.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    SummaryDataPoint,
)

from collector.ingest.decode import Decoded
from collector.ingest.limits import IngestLimits
from collector.otlp.gather import Gatherer
from collector.otlp.naming import IDENTIFYING, label_pairs, metric_name, target_labels
from collector.series.refusal import Refusal
from core.remote_write import STALE_NAN

Point = NumberDataPoint | HistogramDataPoint | SummaryDataPoint


class Sample(NamedTuple):
    """One sample of a point: what its metric's name ends in, its own label if any, its value."""

    suffix: str
    label: tuple[str, str] | None
    value: float


@dataclass(frozen=True, slots=True)
class Points:
    """What a request comes to.

    Attributes:
        decoded: the samples; `decoded.ids` says nothing yet.
        of_sample: which point each sample is of; -1 for `target_info`.
        count: how many data points the request has.
        refused: how many of them are refused already.
    """

    decoded: Decoded
    of_sample: Sequence[int]
    count: int
    refused: int

    def rejected(self, refused_at: Sequence[int]) -> int:
        """How many points were not, or not wholly, taken, when the samples at these places were refused."""
        return self.refused + len({self.of_sample[at] for at in refused_at} - {-1})


def read_points(request: ExportMetricsServiceRequest, limits: IngestLimits) -> Points:
    """Every data point of a request, in its order.

    Raises:
        InvalidInput: 413, the request comes to more samples or labels than one push may bring.
    """
    gatherer = Gatherer(limits)
    for resource in request.resource_metrics:
        _read_resource(resource, gatherer, limits)
    decoded = gatherer.decoded()
    return Points(decoded, gatherer.of_sample, gatherer.points, gatherer.refused_points)


def _read_resource(resource: ResourceMetrics, gatherer: Gatherer, limits: IngestLimits) -> None:
    attributes = resource.resource.attributes
    target = target_labels(attributes)
    last_ms = 0
    for scope in resource.scope_metrics:
        for metric in scope.metrics:
            last_ms = max(last_ms, _read_metric(metric, target, gatherer, limits))
    more = [one for one in attributes if one.key not in IDENTIFYING]
    if not (target and more and last_ms):
        return
    if len(more) > limits.labels:
        gatherer.refuse_extra(Refusal.TOO_MANY_LABELS, "target_info")
        return
    gatherer.add_extra(label_pairs(more) | target | {"__name__": "target_info"}, last_ms, 1.0)


def _read_metric(metric: Metric, target: dict[str, str], gatherer: Gatherer, limits: IngestLimits) -> int:
    """Take in a metric's points; the time of the last one, epoch ms, 0 where it has none."""
    kind = metric.WhichOneof("data")
    if kind is None:
        return 0
    points: Sequence[Point] = getattr(metric, kind).data_points
    reason = _refusal_of(metric, limits)
    if reason is not None:
        gatherer.refuse(reason, metric.name, len(points))
        return 0
    name = metric_name(
        metric.name,
        metric.unit,
        counter=kind == "sum" and metric.sum.is_monotonic,
        gauge=kind == "gauge",
    )
    last_ms = 0
    for point in points:
        last_ms = max(last_ms, point.time_unix_nano // 1_000_000)
        _read_point(point, name, target, gatherer, limits)
    return last_ms


def _refusal_of(metric: Metric, limits: IngestLimits) -> Refusal | None:
    """Why none of a metric's points can be taken."""
    if max(len(metric.name), len(metric.unit)) > limits.label_value_bytes:
        return Refusal.LABEL_VALUE_TOO_LONG
    match metric.WhichOneof("data"):
        case "exponential_histogram":
            return Refusal.EXPONENTIAL_HISTOGRAM
        case "sum":
            temporality = metric.sum.aggregation_temporality
        case "histogram":
            temporality = metric.histogram.aggregation_temporality
        case _:
            return None
    return None if temporality == AGGREGATION_TEMPORALITY_CUMULATIVE else Refusal.NOT_CUMULATIVE


def _read_point(point: Point, name: str, target: dict[str, str], gatherer: Gatherer, limits: IngestLimits) -> None:
    attributes: Sequence[KeyValue] = point.attributes
    if len(attributes) > limits.labels:
        gatherer.refuse(Refusal.TOO_MANY_LABELS, name)
        return
    samples = samples_of(point)
    if samples is None:
        gatherer.refuse(Refusal.MALFORMED_POINT, name)
        return
    if not name:
        gatherer.refuse(Refusal.MISSING_NAME, name)
        return
    labels = label_pairs(attributes) | target
    if "" in labels:
        gatherer.refuse(Refusal.INVALID_LABEL_NAME, name)
        return
    at_ms = point.time_unix_nano // 1_000_000
    stale = bool(point.flags & DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK)
    gatherer.add(labels, at_ms, ((name + suffix, own, STALE_NAN if stale else value) for suffix, own, value in samples))


def samples_of(point: Point) -> Iterator[Sample] | None:
    """The samples that a point comes to; None when it contradicts itself or has no value."""
    if isinstance(point, NumberDataPoint):
        return _number(point)
    if isinstance(point, HistogramDataPoint):
        return _histogram(point) if _is_whole(point) else None
    return _summary(point) if all(0 <= one.quantile <= 1 for one in point.quantile_values) else None


def _number(point: NumberDataPoint) -> Iterator[Sample] | None:
    kind = point.WhichOneof("value")
    if kind is None and not point.flags & DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK:
        return None
    return iter([Sample("", None, float(point.as_int if kind == "as_int" else point.as_double))])


def _is_whole(point: HistogramDataPoint) -> bool:
    """As the protocol demands: one bucket more than bounds, which ascend, and counts that add up."""
    counts, bounds = point.bucket_counts, point.explicit_bounds
    if not counts:
        return not bounds
    if len(counts) != len(bounds) + 1 or sum(counts) != point.count:
        return False
    return not any(math.isnan(bound) for bound in bounds) and all(low < high for low, high in pairwise(bounds))


def _histogram(point: HistogramDataPoint) -> Iterator[Sample]:
    for bound, below in zip(point.explicit_bounds, accumulate(point.bucket_counts), strict=False):
        if bound != math.inf:
            yield Sample("_bucket", ("le", spell_number(bound)), float(below))
    yield Sample("_bucket", ("le", "+Inf"), float(point.count))
    if point.HasField("sum"):
        yield Sample("_sum", None, point.sum)
    yield Sample("_count", None, float(point.count))


def _summary(point: SummaryDataPoint) -> Iterator[Sample]:
    for one in point.quantile_values:
        yield Sample("", ("quantile", spell_number(one.quantile)), one.value)
    yield Sample("_sum", None, point.sum)
    yield Sample("_count", None, float(point.count))


def spell_number(value: float) -> str:
    """A bound as Prometheus spells it for OTLP: the shortest decimal, no exponent, no `.0`."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(np.format_float_positional(value, trim="-"))
