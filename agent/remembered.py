"""Which series a target had at its last collection, in few bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

from agent.packed import Batch, LabelRows, Packed, Slot, Slots, packed
from agent.sample import Series

# As long as any target has them.
_slots: WeakValueDictionary[tuple[Slot, ...], Slots] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Remembered:
    """The series of a collection.

    Attributes:
        plain: those that are not packed, or are of other label rows than the rest.
        slots: of the packed ones, the same object for all targets that have the same; None when there are none.
        rows: the packed ones' labels; None when there are none.
    """

    plain: list[Series]
    slots: Slots | None = None
    rows: LabelRows | None = None

    @classmethod
    def of(cls, series: list[Series]) -> Remembered:
        """These series, each given once."""
        plain, slots, rows = _split(series)
        return cls(plain, _shared(tuple(slots)), rows) if rows is not None else cls(plain)

    def renewed(self, series: list[Series]) -> Remembered | None:
        """The same as these series say it, which may be made anew; None when these are others or in another order."""
        if self.rows is None or self.slots is None:
            return Remembered(series) if series == self.plain else None
        plain, slots, rows = _split(series)
        if not self.rows.same(rows) or tuple(slots) != self.slots.all or plain != self.plain:
            return None
        return Remembered(plain, self.slots, rows)

    def renewed_by(self, batch: Batch) -> Remembered | None:
        """As `renewed`, of a batch."""
        if self.rows is None or self.slots is None or not self.rows.same(batch.rows):
            return None
        if self.slots is not batch.slots and self.slots.all != batch.slots.all:
            return None
        plain = [series for series, _ in batch.plain]
        return Remembered(plain, batch.slots, batch.rows) if plain == self.plain else None

    def series(self) -> Sequence[Series]:
        """All of them."""
        if self.rows is None or self.slots is None:
            return self.plain
        return [*packed(self.slots.all, self.rows), *self.plain]


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


def _shared(slots: tuple[Slot, ...]) -> Slots:
    shared = _slots.get(slots)
    if shared is None:
        shared = _slots[slots] = Slots(slots)
    return shared
