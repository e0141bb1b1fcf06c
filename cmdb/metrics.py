"""The register's own metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from cmdb.identity import Reason
from cmdb.outcome import Outcome, What


class CmdbMetrics:
    """What came of the reports that were reconciled; every label value exists from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._reconciled = Counter(
            "forewatch_cmdb_reconciled_targets_total",
            "Reported targets by what they did to the register.",
            ["outcome"],
            registry=registry,
        )
        self._differences = Counter(
            "forewatch_cmdb_differences_total",
            "Contradictions between reports and the register, counted at every report that shows them.",
            ["reason"],
            registry=registry,
        )
        for what in What:
            self._reconciled.labels(what)
        for reason in Reason:
            self._differences.labels(reason)

    def observe(self, outcome: Outcome) -> None:
        """Count one reconciled target; call it once the transaction is committed."""
        self._reconciled.labels(outcome.what).inc()
        for reason in outcome.differences:
            self._differences.labels(reason).inc()
