from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from cmdb.classes import Classes
from cmdb.gaps import Gap, GapKind, find_gaps
from cmdb.item import CiState, Origin
from cmdb.models import ConfigurationItem
from tests.cmdb.conftest import NOW


def item(class_: str, *, seen: dt.datetime | None = None, **columns: Any) -> ConfigurationItem:
    settings = {"state": CiState.IN_USE, "origin": Origin.MANUAL, "attributes": {}} | columns
    return ConfigurationItem(id=1, code="CI-1", name="one", class_=class_, last_seen_at=seen, **settings)


@pytest.mark.parametrize(
    ("ci", "gaps", "reason"),
    [
        (item("teapot"), [(GapKind.UNKNOWN_CLASS, "teapot")], "a class that was taken out of the file"),
        (item("business_service"), [(GapKind.MISSING_ATTRIBUTE, "impact")], "registered before it was required"),
        (item("business_service", attributes={"impact": "person"}), [], "complete"),
        (item("switch"), [(GapKind.NEVER_SEEN, "")], "nobody polls it"),
        (item("switch", seen=NOW), [], "polled"),
        (item("switch", state=CiState.IN_STOCK), [], "what lies in stock does not answer"),
        (item("switch", origin=Origin.DISCOVERED), [], "an agent found it"),
        (item("rack"), [], "no agent reports a rack"),
    ],
)
def test_each_gap_of_a_related_item_is_named(
    ci: ConfigurationItem, gaps: list[tuple[GapKind, str]], reason: str, classes: Classes
) -> None:
    found = find_gaps([ci], classes, related={1}, supported={1})
    assert found == [Gap("CI-1", "one", kind, subject) for kind, subject in gaps], reason


def test_an_item_without_relations_and_a_service_without_support_are_gaps(classes: Classes) -> None:
    (rack,) = find_gaps([item("rack")], classes, related=(), supported=())
    service = item("business_service", attributes={"impact": "person"})
    (unsupported,) = find_gaps([service], classes, related={1}, supported=())
    assert (rack.kind, unsupported.kind) == (GapKind.UNRELATED, GapKind.NO_SUPPORT)
