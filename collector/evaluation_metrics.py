"""Metrics of the evaluation."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class EvaluationMetrics:
    """How evaluation goes; `group` is a rule group's name, bounded by the rule files."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.tick_seconds = Histogram(
            "forewatch_tick_duration_seconds", "How long a tick took, evaluation and recording.", registry=registry
        )
        self.overruns = Counter("forewatch_tick_overruns", "Ticks that took longer than a tick may.", registry=registry)
        self.failed_ticks = Counter(
            "forewatch_tick_failures",
            "Ticks whose changes could not be recorded; they are tried again.",
            registry=registry,
        )
        self.lost_changes = Counter(
            "forewatch_alert_changes_lost",
            "Attempts to record a change of an alert that failed for another reason than storage.",
            registry=registry,
        )
        self.evaluations = Counter("forewatch_rule_evaluations", "Evaluations of rules.", ["group"], registry=registry)
        self.failures = Counter(
            "forewatch_rule_evaluation_failures", "Evaluations of rules that failed.", ["group"], registry=registry
        )
        self.early_evaluations = Counter(
            "forewatch_rule_early_evaluations",
            "Evaluations of alerting rules between two ticks because samples had arrived.",
            ["group"],
            registry=registry,
        )
        self.group_seconds = Gauge(
            "forewatch_rule_group_duration_seconds",
            "How long the group's last evaluation took.",
            ["group"],
            registry=registry,
        )
        self.alerts = Gauge("forewatch_alerts", "Active alerts by state.", ["state"], registry=registry)
        self.reloads = Counter(
            "forewatch_rule_reloads", "Reloads of the rule files by outcome.", ["outcome"], registry=registry
        )
        self.reload_ok = Gauge(
            "forewatch_rule_last_reload_successful",
            "Whether the last reload of the rule files succeeded.",
            registry=registry,
        )
