"""Metrics of discovery."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class DiscoveryMetrics:
    """Counters of what agents found and of what people decided."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.reports = Counter(
            "forewatch_discovery_reports_total", "Parts of sweeps that agents reported.", registry=registry
        )
        self.devices = Counter(
            "forewatch_discovery_devices_total",
            "Things in reported sweeps, by what became of them.",
            ["result"],
            registry=registry,
        )
        self.raised = Counter(
            "forewatch_proposals_raised_total", "Proposals made, by kind.", ["kind"], registry=registry
        )
        self.decided = Counter(
            "forewatch_proposals_decided_total", "Proposals decided, by kind and decision.", ["kind", "decision"],
            registry=registry,
        )  # fmt: skip
