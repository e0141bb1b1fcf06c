"""What is open while one transaction decides: read once, then kept up to date with every decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cmdb.impact import Graph
from cmdb.views import CiRef
from desk.alert import AVAILABILITY
from desk.correlation import OpenIncident, Own, SymptomOf, decide, symptoms_of


class Situation:
    """The open incidents by item, and what fails because of those that say that an item is down."""

    def __init__(self, open_by_ci: Mapping[int, Sequence[OpenIncident]], graph: Graph) -> None:
        self._graph = graph
        self._by_ci = {ci_id: list(several) for ci_id, several in open_by_ci.items()}
        causes = {ci_id: [one for one in several if _is_cause(one)] for ci_id, several in open_by_ci.items()}
        self._causes = {ci_id: several for ci_id, several in causes.items() if several}
        self._failed = graph.failed_by(self._causes)

    def decide(self, ci_id: int | None, fingerprint: str) -> Own | SymptomOf:
        """Whether an alert that starts to fire has a cause that is known."""
        upstream = [] if ci_id is None else self._graph.explained_by(ci_id, self._causes, self._failed)
        return decide(ci_id, fingerprint, upstream, self._causes)

    def services_of(self, ci_id: int) -> list[CiRef]:
        """The business services that the item's failure hits, as things are."""
        return self._graph.services_hit(ci_id, self._failed)

    def opened(self, one: OpenIncident) -> None:
        """An incident was opened, or opened again."""
        if one.ci_id is None:
            return
        self._by_ci.setdefault(one.ci_id, []).append(one)
        if _is_cause(one):
            self._causes.setdefault(one.ci_id, []).append(one)
            self._graph.fail(one.ci_id, self._failed)

    def adopted_by(self, cause: OpenIncident, now: dt.datetime) -> list[int]:
        """The ids of the open incidents that have just turned out to be consequences of `cause`, oldest first."""
        if cause.ci_id is None or not _is_cause(cause):
            return []
        hit = self._graph.hit_by(cause.ci_id, self._failed)
        adopted = symptoms_of(cause, {place for place in hit if place in self._by_ci}, self._by_ci, now)
        ids = {one.id for one in adopted}
        for place in {one.ci_id for one in adopted if one.ci_id is not None}:
            for grouped in (self._by_ci, self._causes):
                if place in grouped:
                    grouped[place] = [_under(one, cause.id) if one.id in ids else one for one in grouped[place]]
        return [one.id for one in adopted]


def _is_cause(one: OpenIncident) -> bool:
    return one.category == AVAILABILITY


def _under(one: OpenIncident, cause: int) -> OpenIncident:
    return replace(one, symptom_of=cause)
