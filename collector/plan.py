"""What follows from alerts that begin to fire: decided one by one in memory, carried out together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from cmdb.impact import Graph
from cmdb.views import CiRef
from collector.situation import Situation
from desk.alert import AVAILABILITY
from desk.correlation import OpenIncident, SymptomOf
from desk.incident import OPEN_STATES
from desk.models import AlertRow, Incident

# Incidents that are yet to be opened get numbers above every id, in their order, until they have one.
UNBORN = 2**62


def causes_first(category: str | None, ci_id: int | None, graph: Graph) -> tuple[bool, int]:
    """Of what begins at once, items that are down come before the rest, the furthest upstream first."""
    depth = 0 if ci_id is None else len(graph.upstream_of(ci_id))
    return category != AVAILABILITY, depth


class Plan:
    """Decisions on rows, given causes first.

    Args:
        past: the newest incident of each condition.
        reopen: opens an incident again, or says False when it may not be.

    Attributes:
        new: incidents to open, of a row and the services hit; the n-th is called `UNBORN + n`.
        again: incidents that open again: the row, the incident, the services hit now.
        led: rows that lead the incident that they open or open again.
        repeated: rows whose condition has an open incident already.
        symptoms: rows that are consequences of an incident.
        adoptions: incidents, with the open ones that turned out to be their consequences.
    """

    def __init__(
        self, situation: Situation, past: Mapping[str, Incident], reopen: Callable[[Incident], bool], now: dt.datetime
    ) -> None:
        self._situation = situation
        self._past = past
        self._reopen = reopen
        self._now = now
        self._open: dict[str, int] = {}
        self._adopted: dict[int, int] = {}
        self._symptoms: list[tuple[AlertRow, int]] = []
        self.new: list[tuple[AlertRow, list[CiRef]]] = []
        self.again: list[tuple[AlertRow, int, list[CiRef]]] = []
        self.led: list[tuple[AlertRow, int]] = []
        self.repeated: list[tuple[AlertRow, int]] = []
        self.adoptions: list[tuple[int, list[int]]] = []

    @property
    def symptoms(self) -> list[tuple[AlertRow, int]]:
        return [(row, self._root(incident)) for row, incident in self._symptoms]

    def add(self, row: AlertRow) -> None:
        """Decide on one row."""
        decision = self._situation.decide(row.ci_id, row.fingerprint)
        if isinstance(decision, SymptomOf):
            self._symptoms.append((row, decision.incident_id))
            return
        already = self._already_open(row.fingerprint)
        if already is not None:
            self.repeated.append((row, already))
            return
        opened = self._again(row) or self._anew(row)
        self._open[row.fingerprint] = opened.id
        self.led.append((row, opened.id))
        self._situation.opened(opened)
        adopted = self._situation.adopted_by(opened, self._now)
        if adopted:
            self.adoptions.append((opened.id, adopted))
            self._adopted |= dict.fromkeys(adopted, opened.id)

    def known(self) -> set[int]:
        """The ids of the incidents that exist and take part."""
        several = {incident for _, incident in (*self.led, *self.repeated, *self.symptoms)}
        several.update(cause for cause, _ in self.adoptions)
        return {incident for incident in several if incident < UNBORN}

    def _already_open(self, fingerprint: str) -> int | None:
        past = self._past.get(fingerprint)
        return past.id if past is not None and past.state in OPEN_STATES else self._open.get(fingerprint)

    def _again(self, row: AlertRow) -> OpenIncident | None:
        past = self._past.get(row.fingerprint)
        if past is None or not self._reopen(past):
            return None
        self.again.append((row, past.id, self._services(row)))
        ci_id = past.ci_id if row.ci_id is None else row.ci_id
        return OpenIncident(past.id, ci_id, row.category, row.fingerprint, None, past.opened_at)

    def _anew(self, row: AlertRow) -> OpenIncident:
        self.new.append((row, self._services(row)))
        born = UNBORN + len(self.new) - 1
        return OpenIncident(born, row.ci_id, row.category, row.fingerprint, None, self._now)

    def _services(self, row: AlertRow) -> list[CiRef]:
        return [] if row.ci_id is None else self._situation.services_of(row.ci_id)

    def _root(self, incident: int) -> int:
        while incident in self._adopted:
            incident = self._adopted[incident]
        return incident
