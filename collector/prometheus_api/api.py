"""The routes of the Prometheus API; parameters are taken from the URL or, of a POST, from a form."""

from __future__ import annotations

from dataclasses import replace

from msgspec import Struct

from collector.prometheus_api import delivery, documents, expressions, metadata, query, rules, series, status
from collector.prometheus_api.answer import Handler, enveloped
from core.access import Permission
from core.http import Route

_PREFIX = "/prometheus/api/v1/"
_FORM = "application/x-www-form-urlencoded"


def _get(name: str, handler: Handler, summary: str, documents: type[Struct] | None = None) -> Route:
    return Route("GET", _PREFIX + name, enveloped(handler), Permission.METRICS_READ, summary, documents=documents)


def _both(name: str, handler: Handler, summary: str, documents: type[Struct]) -> list[Route]:
    """By GET, and by POST for queries that are too long for a URL."""
    get = _get(name, handler, summary, documents)
    return [get, replace(get, method="POST", summary=f"{summary}, parameters as a form", consumes=_FORM)]


_QUESTIONS = [
    *_both("query", query.query, "Prometheus API: instant query", documents.Query),
    *_both("query_range", query.query_range, "Prometheus API: range query", documents.RangeQuery),
    *_both("query_exemplars", expressions.query_exemplars, "Prometheus API: exemplars, of which there are none",
           documents.Exemplars),
    *_both("format_query", expressions.format_query, "Prometheus API: an expression laid out anew", documents.Layout),
    *_both("series", series.series, "Prometheus API: label sets of series", documents.SeriesSelection),
    *_both("labels", series.labels, "Prometheus API: names of labels", documents.LabelSelection),
    _get("label/{name}/values", series.label_values, "Prometheus API: values of a label", documents.LabelSelection),
    _get("metadata", metadata.metadata, "Prometheus API: type and help of metrics", documents.MetadataSelection),
    _get("rules", rules.rules, "Prometheus API: rules in force", documents.RuleSelection),
    _get("alerts", rules.alerts, "Prometheus API: active alerts"),
    _get("status/buildinfo", status.build_info, "Prometheus API: version"),
]  # fmt: skip

# For each path there is, because what there is not should be answered 404 to any method.
_PREFLIGHTS = [
    Route("OPTIONS", path, delivery.preflight, Permission.PUBLIC, "Prometheus API: a browser's preflight", status=204)
    for path in dict.fromkeys(route.path for route in _QUESTIONS)
]

ROUTES = [*_QUESTIONS, *_PREFLIGHTS]
