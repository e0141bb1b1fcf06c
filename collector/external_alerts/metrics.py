"""Metrics of external alerts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class ExternalAlertMetrics:
    """What other systems push; `outcome` is fired, refreshed, resolved, unknown, invalid or no_room.

    Args:
        of: whose alerts: a part of the names.
        whose: the same for people.
    """

    def __init__(
        self, registry: CollectorRegistry, of: str = "external_alerts", whose: str = "Alerts of other systems"
    ) -> None:
        self.received = Counter(
            f"forewatch_{of}_received", f"{whose} that came, by what became of them.", ["outcome"], registry=registry
        )
        self.expired = Counter(
            f"forewatch_{of}_expired", f"{whose} that ended because nobody refreshed them.", registry=registry
        )
        self.active = Gauge(f"forewatch_{of}_active", f"{whose} that fire.", registry=registry)
