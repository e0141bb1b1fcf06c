"""What an incident says that an alert opens: of the rule's words, and of what the register knows of the item."""

from __future__ import annotations

from collections.abc import Sequence

from cmdb.impact import Graph
from cmdb.item import Impact
from cmdb.views import CiRef
from desk.incident import Origin
from desk.models import AlertRow
from desk.priority import urgency_of
from desk.records import NewIncident

EXTERNAL = "external"  # the rule key of alerts that other systems push; those of our rules are hexadecimal
EVENT = "event"  # the rule key of alerts that events begin and end


def opening(row: AlertRow, services: Sequence[CiRef], graph: Graph) -> NewIncident:
    """The incident of an alert that hits these services."""
    ci = None if row.ci_id is None else graph.items.get(row.ci_id)
    return NewIncident(
        title=title(row, ci),
        origin=Origin.EXTERNAL if row.rule_key == EXTERNAL else Origin.MONITORING,
        impact=graph.impact_of(services) or Impact.PERSON,
        urgency=urgency_of(row.severity),
        fingerprint=row.fingerprint,
        rule=row.rule,
        severity=row.severity,
        category=row.category,
        labels=row.labels,
        annotations=row.annotations,
        ci_id=row.ci_id,
        services=[service.name for service in services],
    )


def title(row: AlertRow, ci: CiRef | None) -> str:
    """One line that says what is wrong where: the rule's summary, else its name and the item."""
    summary: str | None = row.annotations.get("summary")
    if summary:
        return summary
    where = ci.name if ci else row.labels.get("instance")
    return f"{row.rule}: {where}" if where else row.rule
