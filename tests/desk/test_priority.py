from __future__ import annotations

import pytest

from cmdb.item import Impact
from desk.priority import Priority, impact_of, priority, urgency_of

MATRIX = [  # domain.md §2, row by row
    (Impact.DEPARTMENT, "P1 P1 P2 P4"),
    (Impact.SERVICE, "P1 P2 P3 P4"),
    (Impact.PERSON, "P2 P3 P3 P4"),
]


@pytest.mark.parametrize(("impact", "row"), MATRIX)
def test_priority_is_read_from_the_matrix(impact: Impact, row: str) -> None:
    assert [priority(impact, urgency) for urgency in (1, 2, 3, 4)] == [Priority(word) for word in row.split()]


@pytest.mark.parametrize("urgency", [0, 5, -1])
def test_an_urgency_outside_the_matrix_is_an_error(urgency: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 4"):
        priority(Impact.PERSON, urgency)


@pytest.mark.parametrize(
    ("severity", "urgency"),
    [("critical", 1), ("major", 2), ("minor", 3), ("warning", 3), ("info", 4), (None, 3), ("", 3), ("page", 3)],
)
def test_urgency_follows_from_severity(severity: str | None, urgency: int) -> None:
    assert urgency_of(severity) == urgency


@pytest.mark.parametrize(
    ("services", "impact", "why"),
    [
        ([], Impact.PERSON, "no service is hit"),
        (["person"], Impact.PERSON, "a service of one person"),
        (["person", "service"], Impact.SERVICE, "the widest counts"),
        (["person", "department", "service"], Impact.DEPARTMENT, "the widest counts"),
        ([None], Impact.SERVICE, "a service that does not say"),
        (["city"], Impact.SERVICE, "a word nobody knows"),
    ],
)
def test_impact_is_the_widest_of_the_services_hit(services: list[str | None], impact: Impact, why: str) -> None:
    assert impact_of(services) is impact, why
