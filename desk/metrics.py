"""Metrics of the service desk."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class DeskMetrics:
    """Counters move after the transaction that they tell of has committed; `outcome` is `sent`, `retry` or `dead`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.dead_letters = Gauge(
            "forewatch_outbox_dead_letters",
            "Notifications that were given up and wait for a person.",
            registry=registry,
        )
        self.pending = Gauge("forewatch_outbox_pending", "Notifications that are not sent yet.", registry=registry)
        self.oldest_age = Gauge(
            "forewatch_outbox_oldest_pending_age_seconds",
            "Age of the oldest notification that is not sent yet; 0 when there is none.",
            registry=registry,
        )
        self.attempts = Counter(
            "forewatch_notification_attempts_total",
            "Attempts to send a notification, by channel and outcome.",
            ["channel", "outcome"],
            registry=registry,
        )
        self.duration = Histogram(
            "forewatch_notification_duration_seconds",
            "Time from a notification's first due moment in the outbox until the receiver had it.",
            ["channel"],
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300, 3600),
            registry=registry,
        )
        self.open_incidents = Gauge(
            "forewatch_open_incidents", "Incidents that are open, by priority.", ["priority"], registry=registry
        )
