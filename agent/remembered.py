"""Which series a target had at its last collection, in few bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from agent.packed import LabelRows, Packed, Slot, packed
from agent.sample import Series

_SHAPES = 256


@dataclass(frozen=True, slots=True)
class Remembered:
    """The series of a collection.

    Attributes:
        plain: those that are not packed, or are of other label rows than the rest.
        slots: of the packed ones; one tuple for all targets that have the same.
        rows: the packed ones' labels; None when there are none.
    """

    plain: list[Series]
    slots: tuple[Slot, ...] = ()
    rows: LabelRows | None = None

    @classmethod
    def of(cls, series: list[Series]) -> Remembered:
        """These series, each given once."""
        plain, slots, rows = _split(series)
        return cls(plain, _shared(tuple(slots)), rows)

    def renewed(self, series: list[Series]) -> Remembered | None:
        """The same as these series say it, which may be made anew; None when these are others or in another order."""
        if self.rows is None:
            return Remembered(series) if series == self.plain else None
        plain, slots, rows = _split(series)
        if not self.rows.same(rows) or tuple(slots) != self.slots or plain != self.plain:
            return None
        return Remembered(plain, self.slots, rows)

    def series(self) -> Sequence[Series]:
        """All of them."""
        return self.plain if self.rows is None else [*packed(self.slots, self.rows), *self.plain]


NOTHING = Remembered([])


def _split(series: list[Series]) -> tuple[list[Series], list[Slot], LabelRows | None]:
    """Those that are not packed, the slots of those that are, and the label rows of the latter."""
    rows = next((one.of for one in series if type(one) is Packed), None)
    if rows is None:
        return series, [], None
    slots = [one.slot for one in series if type(one) is Packed and one.of is rows]
    if len(slots) == len(series):
        return [], slots, rows
    return [one for one in series if type(one) is not Packed or one.of is not rows], slots, rows


@lru_cache(_SHAPES)
def _shared(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    return slots
