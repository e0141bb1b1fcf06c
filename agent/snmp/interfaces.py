"""The interfaces of a device (IF-MIB ifTable and ifXTable): from rows to series.

A full reading of all columns makes an `Inventory`: which objects there are, which a device shares with all of its
model (`agent.snmp.shape`), and each interface's labels, encoded. The polls in between GET just these objects, many in
one request, and turn each into a sample by one look-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, cast

from agent.heads import encode_own
from agent.packed import NO_ROWS, Batch, LabelRows, Packed, decode_labels, packed
from agent.sample import Family, Sample, Series, pair
from agent.snmp import oids
from agent.snmp.client import Rows, Value
from agent.snmp.iftype import if_type
from agent.snmp.oids import Column, Pair
from agent.snmp.shape import EMPTY, Held, Shape, mac_place, shape_of, type_place
from agent.snmp.text import clean, spell_mac
from core.labels import Labels, labels

Table = dict[str, Rows]  # a column's OID → its rows by full OID

_MOST_SHARED = 4096  # values of some hundred interfaces
_LOW_32 = 0xFFFF_FFFF
_TOO_FAST = 0xFFFF_FFFF  # RFC 2863: ifSpeed of what is as fast or faster, for ifHighSpeed to tell
_ADDRESS_LENGTHS = frozenset(3 * octets - 1 for octets in (6, 8, 20))  # as text; Ethernet, Fibre Channel, InfiniBand
_NO_MAC = "00:00:00:00:00:00"  # what snmp_exporter makes of an empty ifPhysAddress


@dataclass(frozen=True, slots=True)
class Interface:
    """What seldom changes about one interface; None where the device does not say.

    Attributes:
        speed_bps: ifHighSpeed × 10^6 where that is above zero, otherwise ifSpeed; None where neither can tell it.
        type: IANAifType name.
    """

    index: int
    name: str | None
    alias: str | None
    descr: str | None
    type: str | None
    mac: str | None
    speed_bps: int | None


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a device has, and what to read at every poll.

    Attributes:
        shape: its objects.
        rows: its interfaces' labels.
        values: of the samples that hold until the next inventory, in the order of `shape.static`.
        speeds: each row's speed, as `Interface` has it.
    """

    shape: Shape = EMPTY
    rows: LabelRows = NO_ROWS
    values: tuple[int, ...] = ()
    speeds: tuple[int | None, ...] = ()

    @property
    def interfaces(self) -> dict[int, Interface]:
        """What the interfaces are, by ifIndex; made anew each time."""
        return {index: self._interface(row, index) for row, index in enumerate(self.shape.indexes)}

    def _interface(self, row: int, index: int) -> Interface:
        more = self.rows.more
        of = dict(decode_labels(self.rows.rows[row] + more[mac_place(row)] + more[type_place(row)]))
        mac = of.get("ifPhysAddress", "")
        return Interface(
            index=index,
            name=of.get("ifName"),
            alias=of.get("ifAlias"),
            descr=of.get("ifDescr"),
            type=of.get("ifType"),
            mac=mac if mac.strip("0:") and len(mac) in _ADDRESS_LENGTHS else None,
            speed_bps=self.speeds[row],
        )

    def static(self) -> Iterator[Sample]:
        """The samples that hold until the next inventory."""
        return pair(packed(self.shape.static, self.rows), self.values)

    def series(self, names: AbstractSet[str] | None = None) -> Iterator[Series]:
        """The interfaces' series, of metrics of these names only or of all, as ones that are kept and compared."""
        sets: dict[bytes, Labels] = {}
        slots = (slot for slot in self.shape.slots.all if names is None or slot.family.name in names)
        for one in packed(slots, self.rows):
            encoded = one.encoded
            if encoded not in sets:
                sets[encoded] = one.labels
            yield Series(one.family, sets[encoded])


class Polled(NamedTuple):
    """What a poll's objects gave: samples, and how many values were of the wrong type."""

    samples: Batch | list[Sample]
    malformed: int


def all_columns() -> tuple[str, ...]:
    """Every column that an inventory is made of, in the order of reading: labels, live ones, the rest."""
    live = [column.root for column in oids.LIVE_COLUMNS]
    high = [pair.high.root for pair in oids.COUNTER_PAIRS]
    low = [pair.low.root for pair in oids.COUNTER_PAIRS]
    static = [oids.IF_TYPE, oids.IF_PHYS_ADDRESS, *(column.root for column in oids.STATIC_COLUMNS)]
    return (*oids.LABEL_COLUMNS.values(), *live, *high, *low, *static)


def take_inventory(table: Table) -> Inventory:
    """What the columns of a full reading say."""
    by_index = {root: _by_index(root, rows) for root, rows in table.items()}
    indexes = tuple(sorted({index for column in by_index.values() for index in column}))
    row_of = {index: row for row, index in enumerate(indexes)}

    def held(root: str, family: Family, found: Iterable[int]) -> Held:
        return Held(root, family, tuple(row_of[index] for index in found))

    trusted = [pair for pair in oids.COUNTER_PAIRS if covers(by_index.get(pair.high.root), by_index.get(pair.low.root))]
    static = {column: _numbers(by_index.get(column.root, {})) for column in oids.STATIC_COLUMNS}
    types, macs = _numbers(by_index.get(oids.IF_TYPE, {})), by_index.get(oids.IF_PHYS_ADDRESS, {})
    shape = shape_of(
        indexes,
        tuple(held(*of, by_index.get(of.root, ())) for of in (*oids.LIVE_COLUMNS, *_counters(trusted))),
        tuple(held(pair.high.root, pair.low.family, by_index[pair.high.root]) for pair in trusted),
        tuple(held(*of, found) for of, found in static.items()),
        tuple(row_of[index] for index in types),
        tuple(row_of[index] for index in macs),
    )
    values = [value for found in static.values() for value in found.values()]
    return Inventory(
        shape,
        LabelRows((_names(index, by_index) for index in indexes), (b"", *_more(indexes, types, macs))),
        _kept((*values, *(1 for _ in types), *(1 for _ in macs))),
        _kept(tuple(_speed(index, by_index) for index in indexes)),
    )


def covers(high: Mapping[int, Value] | None, low: Mapping[int, Value] | None) -> bool:
    """Whether the 64-bit column can stand for the 32-bit one.

    It cannot where interfaces are missing from it (below 20 Mb/s it is optional) or where it stays at zero
    while the 32-bit one counts, as some firmware has it.
    """
    if not high:
        return False
    return all(index in high and bool(high[index] or not value) for index, value in (low or {}).items())


def interface_samples(inventory: Inventory, rows: Rows, others: Mapping[str, Series] | None = None) -> Polled:
    """The samples of a poll's objects, and those that hold until the next inventory; unknown objects are left out.

    Args:
        inventory: what the device has.
        rows: the poll's objects.
        others: series of objects that are none of IF-MIB's, by OID.
    """
    shape, others = inventory.shape, others or {}
    numbers = [*map(rows.get, shape.wanted)]
    if not set(map(type, numbers)) <= {int} or not others.keys().isdisjoint(shape.wanted):
        return _found_samples(inventory, rows, others)
    # As mostly: the device gave a number for each object, so nobody has to look which ones.
    values = cast("list[int]", numbers)
    values += [value & _LOW_32 for value in cast("Iterable[int]", map(rows.get, shape.halved))]
    other = [(series, rows[oid]) for oid, series in others.items() if oid in rows]
    plain = [Sample(series, value) for series, value in other if type(value) is int]
    return Polled(Batch(shape.slots, inventory.rows, [*values, *inventory.values], plain), len(other) - len(plain))


def _found_samples(inventory: Inventory, rows: Rows, others: Mapping[str, Series]) -> Polled:
    """As `interface_samples`, from what there is."""
    series: list[Series] = []
    values: list[int] = []
    malformed = 0
    find, other, of = inventory.shape.live.get, others.get, inventory.rows
    for oid, value in rows.items():
        one = other(oid)
        if one is None:
            slot = find(oid)
            if slot is None:
                continue
            one = Packed(slot, of)
        if type(value) is int:  # a Boolean is none
            series.append(one)
            values.append(value)
        else:
            malformed += 1
    for oid, slot in inventory.shape.low.items():
        value = rows.get(oid)
        if type(value) is int:
            series.append(Packed(slot, of))
            values.append(value & _LOW_32)
    return Polled([*pair(series, values), *inventory.static()], malformed)


def is_up(states: Rows, root: str, index: int) -> bool | None:
    """Whether ifAdminStatus or ifOperStatus (`root`) says up; None when it does not say."""
    state = states.get(f"{root}.{index}")
    return None if state is None else state == 1


def _counters(trusted: Iterable[Pair]) -> Iterable[Column]:
    """The counters to read live: the 64-bit ones, and the 32-bit ones that they do not cover."""
    trusted = frozenset(trusted)
    for of in oids.COUNTER_PAIRS:
        yield of.high
        if of not in trusted:
            yield of.low


def _by_index(root: str, rows: Rows) -> dict[int, Value]:
    """A column's values by ifIndex; rows with any other index are none of IF-MIB's."""
    start = len(root) + 1
    return {int(oid[start:]): value for oid, value in rows.items() if "." not in oid[start:]}


def _names(index: int, by_index: Mapping[str, Mapping[int, Value]]) -> bytes:
    """The labels that all series of an interface have, encoded."""
    texts = {name: clean(by_index.get(root, {}).get(index)) for name, root in oids.LABEL_COLUMNS.items()}
    return encode_own(labels(texts, ifIndex=str(index)))


def _more(indexes: Iterable[int], types: Mapping[int, int], macs: Mapping[int, Value]) -> Iterator[bytes]:
    """Each interface's type and link-layer address as labels, encoded; empty where the device does not say."""
    for index in indexes:
        yield _type_label(types[index]) if index in types else b""
        yield encode_own((("ifPhysAddress", spell_mac(macs[index]) or _NO_MAC),)) if index in macs else b""


@lru_cache(512)
def _type_label(value: int) -> bytes:
    return encode_own((("ifType", if_type(value)),))


def _numbers(column: Mapping[int, Value]) -> dict[int, int]:
    """What of a column is a number; a Boolean is none."""
    return {index: value for index, value in column.items() if type(value) is int}


def _speed(index: int, by_index: Mapping[str, Mapping[int, Value]]) -> int | None:
    high, plain = (by_index.get(root, {}).get(index) for root in (oids.IF_HIGH_SPEED, oids.IF_SPEED))
    speed = high * 1_000_000 if isinstance(high, int) and high > 0 else plain
    return speed if isinstance(speed, int) and speed > 0 and speed != _TOO_FAST else None


def _kept(of: tuple[Any, ...]) -> tuple[Any, ...]:
    """Devices of a model mostly have the same values here: what is equal is kept once, and within it each number."""
    return _equal(of) if len(of) <= _MOST_SHARED else of


@lru_cache(256)
def _equal(of: tuple[Any, ...]) -> tuple[Any, ...]:
    once: dict[int | None, int | None] = {}
    return tuple(once.setdefault(value, value) for value in of)
