"""Metrics of forwarding to the long-term store and of asking it."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from collector.long_term.forwarder import Forwarder
from core.clock import Clock
from core.remote_write_answer import Outcome
from core.spool.losses import Drop, SpoolCounts


class QueryOutcome(enum.StrEnum):
    """What became of a request for older samples; values of the label `outcome`."""

    OK = "ok"
    FAILED = "failed"
    PAUSED = "paused"  # not sent: the store did not answer a moment ago


class LongTermMetrics:
    """How the long-term store takes and answers; all zero while none is configured."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self.requests = Counter(
            "forewatch_long_term_requests",
            "Requests with samples to the long-term store, by outcome.",
            ["outcome"],
            registry=registry,
        )
        self.samples = Counter(
            "forewatch_long_term_forwarded_samples", "Samples that the long-term store acknowledged.", registry=registry
        )
        self.seconds = Histogram(
            "forewatch_long_term_request_duration_seconds",
            "How long the long-term store took to take a request.",
            registry=registry,
        )
        self.queries = Counter(
            "forewatch_long_term_queries",
            "Requests for older samples to the long-term store, by outcome.",
            ["outcome"],
            registry=registry,
        )
        self.query_seconds = Histogram(
            "forewatch_long_term_query_duration_seconds",
            "How long the long-term store took to answer a query.",
            registry=registry,
        )
        for outcome in Outcome:
            self.requests.labels(outcome.value)
        for word in QueryOutcome:
            self.queries.labels(word.value)
        self.spool = SpoolState(clock)
        registry.register(self.spool)


class SpoolState(Collector):
    """What waits for the long-term store and what was lost, read when somebody looks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.forwarder: Forwarder | None = None

    def collect(self) -> Iterator[Metric]:
        size, records, samples, oldest_ms = self.forwarder.state() if self.forwarder else (0, 0, 0, None)
        age = 0.0 if oldest_ms is None else max(self._clock.now_ms() - oldest_ms, 0) / 1000
        yield GaugeMetricFamily(
            "forewatch_long_term_spool_bytes", "Size of the spool for the long-term store.", value=size
        )
        yield GaugeMetricFamily(
            "forewatch_long_term_spool_records", "Requests that wait for the long-term store.", value=records
        )
        yield GaugeMetricFamily(
            "forewatch_long_term_spool_samples", "Samples that wait for the long-term store.", value=samples
        )
        yield GaugeMetricFamily(
            "forewatch_long_term_spool_oldest_age_seconds",
            "Age of the oldest request that waits; 0 without one.",
            value=age,
        )
        counts = self.forwarder.counts if self.forwarder else SpoolCounts()
        yield CounterMetricFamily(
            "forewatch_long_term_spool_write_failures", "Writes that the disk refused.", value=counts.write_failures
        )
        text = "that never reached the long-term store, by reason."
        yield _drops("forewatch_long_term_dropped_records", f"Requests {text}", counts.dropped_records)
        yield _drops("forewatch_long_term_dropped_samples", f"Samples {text}", counts.dropped_samples)


def _drops(name: str, text: str, counts: Mapping[Drop, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=["reason"])
    for reason in Drop:
        family.add_metric([reason.value], counts.get(reason, 0))
    return family
