"""Root cause from topology: does an alert open an incident of its own, or belong to one that is open?

An item that is down (category availability) explains what else is wrong on it and on everything that
depends on it. The caller brings the topology: the ids of the items upstream, nearest first, redundancy
already considered.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from desk.alert import AVAILABILITY

ADOPT_WITHIN = dt.timedelta(minutes=10)  # a consequence may be noticed this much before its cause


class Reason(enum.StrEnum):
    """Why something was not sent, as the suppression ledger says it."""

    SYMPTOM = "symptom"  # its upstream is down and has an incident
    DUPLICATE = "duplicate"  # its incident is open already
    INFORMATIONAL = "informational"  # severity info is for reading, not for paging
    MAINTENANCE = "maintenance"
    GROUPED = "grouped"
    FLAPPING = "flapping"
    SILENCED = "silenced"


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """What correlation knows of one open incident; `symptom_of` is the id of its cause."""

    id: int
    ci_id: int | None
    category: str | None
    fingerprint: str | None
    symptom_of: int | None
    opened_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Own:
    """The alert opens an incident of its own."""


@dataclass(frozen=True, slots=True)
class SymptomOf:
    """The alert is a consequence of what this open incident is about."""

    incident_id: int


OpenByCi = Mapping[int, Sequence[OpenIncident]]


def decide(ci_id: int | None, fingerprint: str, upstream: Sequence[int], open_by_ci: OpenByCi) -> Own | SymptomOf:
    """Whether an alert that starts to fire has a cause that is known.

    Args:
        ci_id: the alert's item; None when it matched none, then it stands for itself.
        fingerprint: the alert's; an incident about the very same condition is not its cause.
        upstream: ids of the items that `ci_id` needs, nearest first.
        open_by_ci: every open incident by its item; those that say that it is down suffice.
    """
    if ci_id is None:
        return Own()
    for place in (ci_id, *upstream):
        causes = [one for one in open_by_ci.get(place, ()) if _explains(one, fingerprint)]
        if causes:
            first = min(causes, key=lambda one: (one.opened_at, one.id))
            return SymptomOf(root(first, open_by_ci))
    return Own()


def symptoms_of(
    cause: OpenIncident, downstream: Collection[int], open_by_ci: OpenByCi, now: dt.datetime
) -> list[OpenIncident]:
    """The open incidents that had opened shortly before their cause, oldest first.

    `cause` has just opened; `downstream` are the ids of the items that need `cause.ci_id`; `open_by_ci` is as
    in `decide`.
    """
    if cause.category != AVAILABILITY or cause.ci_id is None or cause.symptom_of is not None:
        return []
    places: Iterable[int] = {cause.ci_id, *downstream}
    adopted = [
        one
        for place in places
        for one in open_by_ci.get(place, ())
        if one.id != cause.id and one.symptom_of is None and now - one.opened_at <= ADOPT_WITHIN
    ]
    return sorted(adopted, key=lambda one: (one.opened_at, one.id))


def root(of: OpenIncident, open_by_ci: OpenByCi) -> int:
    """The id of the open incident at the end of the chain of causes that `of` is part of."""
    if of.symptom_of is None:
        return of.id
    by_id = {one.id: one for several in open_by_ci.values() for one in several}
    seen = {of.id}
    while of.symptom_of in by_id and of.symptom_of not in seen:
        of = by_id[of.symptom_of]
        seen.add(of.id)
    return of.id


def _explains(candidate: OpenIncident, fingerprint: str) -> bool:
    return candidate.category == AVAILABILITY and candidate.fingerprint != fingerprint
