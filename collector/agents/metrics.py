"""Metrics of what agents report."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class AgentMetrics:
    """Counters of reports and events; targets are counted by `cmdb.metrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.reports = Counter(
            "forewatch_agent_reports_received_total", "Reports taken in from agents.", ["kind"], registry=registry
        )
        self.events = Counter(
            "forewatch_agent_events_total", "Events in reports, by what became of them.", ["result"], registry=registry
        )
        self.event_alerts_refused = Counter(
            "forewatch_event_alerts_refused_total", "Troubles in events that cannot be any.", registry=registry
        )
        self.enrolled = Counter("forewatch_agents_enrolled_total", "Agents enrolled by token.", registry=registry)
