"""Which objects of which interfaces a device has: the same for every switch of its model, so kept once for all.

A row is an interface, in the order of ifIndex; what it is called is in the device's own `LabelRows`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakValueDictionary

from agent.packed import Slot, Slots, slot
from agent.sample import Family
from agent.snmp import oids


class Held(NamedTuple):
    """Of a column: which interfaces have an object in it, by row."""

    root: str
    family: Family
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Shape:
    """What to read at every poll, and what becomes of it.

    Attributes:
        indexes: each row's ifIndex.
        wanted: the OIDs of the objects to read at every poll, the most useful first.
        halved: those of 64-bit counters of which a series tells the low 32 bits, because only they are read.
        slots: the places of the series of `wanted`, of those of `halved`, and of the samples that hold until the next
            inventory.
        states: the OIDs of all ifAdminStatus and ifOperStatus.
    """

    indexes: tuple[int, ...]
    wanted: tuple[str, ...]
    halved: tuple[str, ...]
    slots: Slots
    states: tuple[str, ...]

    @property
    def live(self) -> dict[str, Slot]:
        """The slot of each of `wanted`; made anew each time."""
        return dict(zip(self.wanted, self.slots.all, strict=False))

    @property
    def low(self) -> dict[str, Slot]:
        """The slot of the low half of each of `halved`; made anew each time."""
        return dict(zip(self.halved, self.slots.all[len(self.wanted) :], strict=False))

    @property
    def static(self) -> tuple[Slot, ...]:
        """The slots of the samples that hold until the next inventory."""
        return self.slots.all[len(self.wanted) + len(self.halved) :]


def type_place(row: int) -> int:
    """Where in `LabelRows.more` a row's ifType is."""
    return 1 + 2 * row


def mac_place(row: int) -> int:
    """Where in `LabelRows.more` a row's ifPhysAddress is."""
    return 2 + 2 * row


Tables = tuple[Held, ...]
_Arguments = tuple[tuple[int, ...], Tables, Tables, Tables, tuple[int, ...], tuple[int, ...]]

# As long as any device has one: interfaces of some come and go all day, and each time that is another shape.
_shapes: WeakValueDictionary[_Arguments, Shape] = WeakValueDictionary()


def shape_of(
    indexes: tuple[int, ...],
    live: Tables,
    low: Tables,
    static: Tables,
    typed: tuple[int, ...],
    addressed: tuple[int, ...],
) -> Shape:
    """The shape, the same one for the same arguments.

    Args:
        indexes: each row's ifIndex.
        live: the columns to read at every poll.
        low: the columns of 64-bit counters, each with the family of its low half.
        static: the columns that are read with the inventory only.
        typed: the rows with an ifType.
        addressed: the rows with an ifPhysAddress.
    """
    arguments = (indexes, live, low, static, typed, addressed)
    shape = _shapes.get(arguments)
    if shape is None:
        shape = _shapes[arguments] = _make(*arguments)
    return shape


def _make(
    indexes: tuple[int, ...],
    live: Tables,
    low: Tables,
    static: Tables,
    typed: tuple[int, ...],
    addressed: tuple[int, ...],
) -> Shape:
    places = {
        sys.intern(f"{held.root}.{indexes[row]}"): slot(held.family, row) for held in live for row in held.rows
    }  # fmt: skip
    low_places = {
        sys.intern(f"{held.root}.{indexes[row]}"): slot(held.family, row) for held in low for row in held.rows
    }  # fmt: skip
    fixed = [slot(held.family, row) for held in static for row in held.rows]
    fixed += [slot(oids.IF_TYPE_FAMILY, row, type_place(row)) for row in typed]
    fixed += [slot(oids.IF_PHYS_ADDRESS_FAMILY, row, mac_place(row)) for row in addressed]
    states = (oids.IF_ADMIN_STATUS, oids.IF_OPER_STATUS)
    return Shape(
        indexes=indexes,
        wanted=tuple(places),
        halved=tuple(low_places),
        slots=Slots((*places.values(), *low_places.values(), *fixed)),
        states=tuple(sys.intern(f"{root}.{index}") for root in states for index in indexes),
    )


EMPTY = shape_of((), (), (), (), (), ())
