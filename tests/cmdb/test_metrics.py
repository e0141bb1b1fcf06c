from __future__ import annotations

from prometheus_client import CollectorRegistry

from cmdb.identity import Reason
from cmdb.metrics import CmdbMetrics
from cmdb.outcome import Outcome, What


def test_every_outcome_and_reason_is_there_from_the_start_and_counted() -> None:
    registry = CollectorRegistry()
    metrics = CmdbMetrics(registry)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    for what in What:
        assert value("forewatch_cmdb_reconciled_targets_total", outcome=what) == 0
    for reason in Reason:
        assert value("forewatch_cmdb_differences_total", reason=reason) == 0
    metrics.observe(Outcome(None, What.CONFLICT, (Reason.AMBIGUOUS_NAME,)))
    metrics.observe(Outcome(None, What.UPDATED, (Reason.ATTRIBUTE, Reason.ATTRIBUTE)))
    assert value("forewatch_cmdb_reconciled_targets_total", outcome="conflict") == 1
    assert value("forewatch_cmdb_differences_total", reason="attribute") == 2
