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
        live: OID of each object to read at every poll, the most useful first → its series' place.
        low: OID of a 64-bit counter → the place of the series of its low 32 bits, where only the former is read.
        static: the places of the samples that hold until the next inventory.
        wanted: the OIDs of `live`.
        slots: the places of `live`, `low` and `static`, in their order.
        low_wanted: the OIDs of `low`.
        states: the OIDs of all ifAdminStatus and ifOperStatus.
    """

    indexes: tuple[int, ...]
    live: dict[str, Slot]
    low: dict[str, Slot]
    static: tuple[Slot, ...]
    wanted: tuple[str, ...]
    slots: Slots
    low_wanted: tuple[str, ...]
    states: tuple[str, ...]


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
        live=places,
        low=low_places,
        static=tuple(fixed),
        wanted=tuple(places),
        slots=Slots((*places.values(), *low_places.values(), *fixed)),
        low_wanted=tuple(low_places),
        states=tuple(sys.intern(f"{root}.{index}") for root in states for index in indexes),
    )


EMPTY = shape_of((), (), (), (), (), ())
