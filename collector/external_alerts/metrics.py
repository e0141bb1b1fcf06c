"""Metrics of external alerts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class ExternalAlertMetrics:
    """What other systems push; `outcome` is fired, refreshed, resolved, unknown, invalid or no_room."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.received = Counter(
            "forewatch_external_alerts_received",
            "Alerts pushed by other systems, by what became of them.",
            ["outcome"],
            registry=registry,
        )
        self.expired = Counter(
            "forewatch_external_alerts_expired",
            "Alerts of other systems that ended because nobody refreshed them.",
            registry=registry,
        )
        self.active = Gauge("forewatch_external_alerts_active", "Alerts of other systems that fire.", registry=registry)
