"""Metrics of the Prometheus API."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class QueryMetrics:
    """How queries fare; `outcome` is `ok` or the errorType of the answer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.queries = Counter(
            "forewatch_queries", "Queries of the Prometheus API by outcome.", ["outcome"], registry=registry
        )
        self.seconds = Histogram(
            "forewatch_query_duration_seconds",
            "From a query's arrival to its answer, waiting for its turn included.",
            registry=registry,
        )
        self.waiting = Gauge(
            "forewatch_queries_unfinished", "Queries that run or wait for their turn.", registry=registry
        )
