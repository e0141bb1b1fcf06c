"""What came of a report."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from cmdb.identity import Reason
from cmdb.views import CiRef


class What(enum.StrEnum):
    """What a report did to the register."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"  # a person has to decide which item it is about
    UNKNOWN = "unknown"  # the target never answered and no item has its name


@dataclass(frozen=True, slots=True)
class Outcome:
    """The item that a report was taken for; None for a conflict and an unknown target.

    Attributes:
        differences: why report and register disagree, once for each disagreement.
    """

    ci: CiRef | None
    what: What
    differences: tuple[Reason, ...] = ()
