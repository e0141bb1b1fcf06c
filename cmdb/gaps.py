"""What the register lacks: the list an asset manager works through."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from cmdb.classes import CiClass, Classes
from cmdb.item import BUSINESS_SERVICE, CiState, Origin
from cmdb.models import ConfigurationItem


class GapKind(enum.StrEnum):
    """What is missing of an item."""

    UNKNOWN_CLASS = "unknown_class"  # its class is no longer in the file of classes
    MISSING_ATTRIBUTE = "missing_attribute"  # a required attribute has no value
    NEVER_SEEN = "never_seen"  # it is in use and can be monitored, but no agent ever reported it
    UNRELATED = "unrelated"  # no relation: nobody knows what its failure hits
    NO_SUPPORT = "no_support"  # a business service that depends on nothing


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing; `subject` names the attribute or class, empty where there is none."""

    code: str
    name: str
    kind: GapKind
    subject: str = ""


def find_gaps(
    items: Iterable[ConfigurationItem], classes: Classes, *, related: Collection[int], supported: Collection[int]
) -> list[Gap]:
    """The gaps of all items, in their order.

    Args:
        items: those of the register.
        classes: what each class requires.
        related: ids that are an end of some relation.
        supported: ids that need at least one other item.
    """
    return [
        Gap(ci.code, ci.name, kind, subject)
        for ci in items
        for kind, subject in _gaps_of(ci, classes.get(ci.class_), related=related, supported=supported)
    ]


def _gaps_of(
    ci: ConfigurationItem, of_class: CiClass | None, *, related: Collection[int], supported: Collection[int]
) -> Iterator[tuple[GapKind, str]]:
    if of_class is None:
        yield GapKind.UNKNOWN_CLASS, ci.class_
        return
    for name, attribute in of_class.attributes.items():
        if attribute.required and ci.attributes.get(name) is None:
            yield GapKind.MISSING_ATTRIBUTE, name
    silent = ci.origin == Origin.MANUAL and ci.state == CiState.IN_USE and ci.last_seen_at is None
    if silent and of_class.is_reported():
        yield GapKind.NEVER_SEEN, ""
    if ci.class_ == BUSINESS_SERVICE:
        if ci.id not in supported:
            yield GapKind.NO_SUPPORT, ""
    elif ci.id not in related:
        yield GapKind.UNRELATED, ""
