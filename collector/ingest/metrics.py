"""The collector's own metrics of ingest and the series store."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from collector.series.refusal import Refusal

_MAX_AGENTS = 10_000


class IngestMetrics:
    """Counters of what was pushed and what became of it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.samples = Counter("forewatch_ingest_samples_total", "Samples stored.", registry=registry)
        self.duplicates = Counter(
            "forewatch_ingest_samples_duplicate_total",
            "Samples sent again that the store already held.",
            registry=registry,
        )
        self.late = Counter(
            "forewatch_ingest_samples_late_total",
            "Samples stored that came after newer ones of their series.",
            registry=registry,
        )
        refused = Counter(
            "forewatch_ingest_samples_refused_total", "Samples refused one by one.", ["reason"], registry=registry
        )
        self._refused = {reason: refused.labels(reason.value) for reason in Refusal}
        self.requests = Counter(
            "forewatch_ingest_requests_total", "Pushes, by what became of them.", ["outcome"], registry=registry
        )
        self.ok, self.partial = self.requests.labels("ok"), self.requests.labels("partial")
        self.replayed = Counter(
            "forewatch_ingest_pushes_replayed_total",
            "Pushes dropped because their sequence had been taken.",
            registry=registry,
        )
        self.bytes = Counter("forewatch_ingest_received_bytes_total", "Compressed bytes of pushes.", registry=registry)
        self.seconds = Histogram(
            "forewatch_ingest_duration_seconds", "Time from a push's whole body to its answer.",
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5), registry=registry,
        )  # fmt: skip
        self.in_flight = Gauge("forewatch_ingest_in_flight_bytes", "Bytes of pushes being taken in.", registry=registry)
        self.series = Gauge("forewatch_series", "Live series.", registry=registry)
        self.retired = Counter(
            "forewatch_series_retired_total", "Series forgotten after long silence.", registry=registry
        )
        self.metadata = Gauge(
            "forewatch_ingest_metadata_entries",
            "Accounts of metrics' type, help and unit that are kept.",
            registry=registry,
        )
        self.metadata_dropped = Counter(
            "forewatch_ingest_metadata_dropped_total",
            "Accounts of metrics that were malformed or beyond the sender's share.",
            registry=registry,
        )
        self._skew = Gauge(
            "forewatch_agent_clock_skew_seconds",
            "Receive time less the agent's own time at its last push; positive when the agent's clock is behind.",
            ["agent"], registry=registry,
        )  # fmt: skip
        self._agents: dict[str, None] = {}

    def refuse(self, counts: Mapping[Refusal, int]) -> None:
        for reason, count in counts.items():
            self._refused[reason].inc(count)

    def show_skew(self, agent: str, seconds: float) -> None:
        """Show an agent's skew; of very many agents the one first seen gives way."""
        if agent not in self._agents:
            self._agents[agent] = None
            if len(self._agents) > _MAX_AGENTS:
                oldest = next(iter(self._agents))
                del self._agents[oldest]
                self._skew.remove(oldest)
        self._skew.labels(agent).set(seconds)
