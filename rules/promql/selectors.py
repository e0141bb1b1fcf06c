"""Selectors → series, looked up again only when series were born or retired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.labels import Labels
from rules.errors import EvaluationError
from rules.promql.vector import Table
from rules.source import Ids, Matcher, Source

KEPT_ROWS = 20_000_000  # a reference of 8 bytes each
_TRIES = 5
_OVERHEAD_ROWS = 100  # what a selection costs though it is empty


@dataclass(frozen=True, slots=True)
class Selection:
    """The series of a selector: ids [series] and their labels, row by row, as of a count of retirements."""

    ids: Ids
    table: Table
    retirements: int


class Selections:
    """Selections over one source, by matchers.

    When the source's generation changes each is looked up anew, but one whose series are the same stays the same
    object, and with it all that was laid out for its table. One not asked for in a whole generation is forgotten, and
    so are all when they have more than `kept_rows` rows together.
    """

    def __init__(self, source: Source, kept_rows: int = KEPT_ROWS) -> None:
        self._source = source
        self._kept_rows = kept_rows
        self._rows = 0
        self._generation = source.generation
        self._current: dict[tuple[Matcher, ...], Selection] = {}
        self._former: dict[tuple[Matcher, ...], Selection] = {}

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._current) + len(self._former)

    def get(self, matchers: tuple[Matcher, ...]) -> Selection:
        """The series that satisfy all matchers now."""
        generation = self._source.generation
        if generation != self._generation or self._rows > self._kept_rows:
            self._former = self._current if generation != self._generation else {}
            self._current, self._rows, self._generation = {}, 0, generation
        found = self._current.get(matchers)
        if found is None:
            found = self._current[matchers] = self._look_up(matchers)
            self._rows += len(found.table) + _OVERHEAD_ROWS
        return found

    def _look_up(self, matchers: tuple[Matcher, ...]) -> Selection:
        former = self._former.get(matchers)
        for _ in range(_TRIES):
            retirements = self._source.retirements
            ids = np.asarray(self._source.select(matchers), np.int64)
            try:
                rows = self._rows_of(ids, former if former and former.retirements == retirements else None)
            except KeyError:  # retired since; what is live now is asked for again
                continue
            # An id may have been given to another series since, so equal ids alone prove nothing.
            if former is not None and np.array_equal(former.ids, ids) and former.table.rows == rows:
                return replace(former, retirements=retirements)
            return Selection(ids, Table(rows), retirements)
        raise EvaluationError("series are retired faster than they can be read")

    def _rows_of(self, ids: Ids, former: Selection | None) -> Sequence[Labels]:
        """The labels of ids; those of the former selection are taken from it."""
        if former is None or not len(former.ids):
            return [self._source.labels(series_id) for series_id in ids.tolist()]
        places = np.minimum(np.searchsorted(former.ids, ids), len(former.ids) - 1)
        known = former.ids[places] == ids
        if len(ids) == len(former.ids) and known.all():
            return former.table.rows
        rows = former.table.rows
        return [
            rows[place] if here else self._source.labels(series_id)
            for series_id, place, here in zip(ids.tolist(), places.tolist(), known.tolist(), strict=True)
        ]
