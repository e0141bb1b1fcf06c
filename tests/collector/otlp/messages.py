"""Builders of OTLP requests in its JSON form, which `request` makes messages of."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

NOW = 1_767_323_045_000
CUMULATIVE, DELTA = 2, 1


def attributes(pairs: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in pairs.items()]


def point(at_ms: int = NOW, *, labels: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    return {"timeUnixNano": str(at_ms * 1_000_000), "attributes": attributes(labels or {}), **fields}


def gauge(name: str, *points: dict[str, Any], unit: str = "") -> dict[str, Any]:
    return {"name": name, "unit": unit, "gauge": {"dataPoints": list(points)}}


def total(name: str, *points: dict[str, Any], unit: str = "", monotonic: bool = True, temporality: int = CUMULATIVE):
    body = {"dataPoints": list(points), "isMonotonic": monotonic, "aggregationTemporality": temporality}
    return {"name": name, "unit": unit, "sum": body}


def histogram(name: str, *points: dict[str, Any], unit: str = "", temporality: int = CUMULATIVE) -> dict[str, Any]:
    return {
        "name": name,
        "unit": unit,
        "histogram": {"dataPoints": list(points), "aggregationTemporality": temporality},
    }


def document(*metrics: dict[str, Any], resource: dict[str, str] | None = None) -> dict[str, Any]:
    of = {"attributes": attributes(resource or {})}
    return {"resourceMetrics": [{"resource": of, "scopeMetrics": [{"metrics": list(metrics)}]}]}


def request(*metrics: dict[str, Any], resource: dict[str, str] | None = None) -> ExportMetricsServiceRequest:
    return json_format.ParseDict(document(*metrics, resource=resource), ExportMetricsServiceRequest())
