"""Priority 优先级 = impact 影响 × urgency 紧急度 (domain.md §2)."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from cmdb.item import Impact


class Priority(enum.StrEnum):
    """P1 is the most pressing."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


URGENCY_BY_SEVERITY = {"critical": 1, "major": 2, "minor": 3, "warning": 3, "info": 4}
DEFAULT_URGENCY = 3  # a rule without a severity, or with a word of its own

_MATRIX = {
    Impact.DEPARTMENT: (Priority.P1, Priority.P1, Priority.P2, Priority.P4),
    Impact.SERVICE: (Priority.P1, Priority.P2, Priority.P3, Priority.P4),
    Impact.PERSON: (Priority.P2, Priority.P3, Priority.P3, Priority.P4),
}
_WIDEST_FIRST = (Impact.DEPARTMENT, Impact.SERVICE, Impact.PERSON)


def priority(impact: Impact, urgency: int) -> Priority:
    """The priority of an impact and an urgency from 1 (now) to 4 (some time).

    Raises:
        ValueError: the urgency is not from 1 to 4.
    """
    if not 1 <= urgency <= 4:
        raise ValueError(f"urgency must be from 1 to 4, not {urgency}")
    return _MATRIX[impact][urgency - 1]


def impact_of(services: Iterable[str | None]) -> Impact:
    """The widest impact among the services hit, each given by its `impact` attribute.

    A service that does not say (None) or says something else counts as a service; with no service
    hit, single persons are.
    """
    known = {impact.value: impact for impact in Impact}
    hit = {known.get(value or "", Impact.SERVICE) for value in services}
    return next((impact for impact in _WIDEST_FIRST if impact in hit), Impact.PERSON)


def urgency_of(severity: str | None) -> int:
    """The urgency of a rule's `severity` label; None or an unknown word counts as a warning."""
    return URGENCY_BY_SEVERITY.get(severity or "", DEFAULT_URGENCY)
