"""The interfaces of a device (IF-MIB ifTable and ifXTable): from rows to series.

A full reading of all columns makes an `Inventory`: what the interfaces are, and one series per live object,
keyed by the OID that carries its value. The polls in between GET just these objects, many in one request,
and turn each into a sample by one look-up.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from agent.sample import Family, Sample, Series
from agent.snmp import oids
from agent.snmp.client import Rows, Value
from agent.snmp.iftype import if_type
from agent.snmp.oids import Column, Pair
from agent.snmp.text import clean, spell_mac
from core.labels import Labels, labels

Table = dict[str, Rows]  # a column's OID → its rows by full OID

_LOW_32 = 0xFFFF_FFFF
_NO_MAC = "00:00:00:00:00:00"  # what snmp_exporter makes of an empty ifPhysAddress


@dataclass(frozen=True, slots=True)
class Interface:
    """What seldom changes about one interface; None where the device does not say.

    Attributes:
        speed_bps: ifHighSpeed × 10^6 where that is above zero, otherwise ifSpeed.
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
        interfaces: by ifIndex.
        series: OID of each object to read at every poll, the most useful first → its series; equal devices share it.
        low: OID of a 64-bit counter → the series of its low 32 bits, where only the former is read; shared too.
        static: samples that hold until the next inventory.
    """

    interfaces: dict[int, Interface]
    series: dict[str, Series]
    low: dict[str, Series]
    static: list[Sample]


class Live(NamedTuple):
    """What a poll's objects gave: samples, and how many values were of the wrong type."""

    samples: list[Sample]
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
    label_sets = _label_sets(by_index)
    trusted = [pair for pair in oids.COUNTER_PAIRS if covers(by_index.get(pair.high.root), by_index.get(pair.low.root))]
    series = {
        sys.intern(f"{column.root}.{index}"): _series(column.family, label_sets[index])
        for column in (*oids.LIVE_COLUMNS, *_counters(trusted))
        for index in by_index.get(column.root, ())
    }
    low = {
        sys.intern(f"{pair.high.root}.{index}"): _series(pair.low.family, label_sets[index])
        for pair in trusted
        for index in by_index[pair.high.root]
    }
    return Inventory(
        interfaces={index: _interface(index, by_index) for index in label_sets},
        series=_table(tuple(series), tuple(series.values())),
        low=_table(tuple(low), tuple(low.values())),
        static=list(_static(by_index, label_sets)),
    )


def covers(high: Mapping[int, Value] | None, low: Mapping[int, Value] | None) -> bool:
    """Whether the 64-bit column can stand for the 32-bit one.

    It cannot where interfaces are missing from it (below 20 Mb/s it is optional) or where it stays at zero
    while the 32-bit one counts, as some firmware has it.
    """
    if not high:
        return False
    return all(index in high and bool(high[index] or not value) for index, value in (low or {}).items())


def live_samples(inventory: Inventory, rows: Rows) -> Live:
    """The samples of a poll's objects; those that are not in the inventory are left out."""
    samples: list[Sample] = []
    malformed = 0
    find = inventory.series.get
    for oid, value in rows.items():
        series = find(oid)
        if series is None:
            continue
        if type(value) is int:  # a Boolean is none
            samples.append(Sample(series, value))
        else:
            malformed += 1
    for oid, series in inventory.low.items():
        value = rows.get(oid)
        if type(value) is int:
            samples.append(Sample(series, value & _LOW_32))
    return Live(samples, malformed)


def state_oids(inventory: Inventory) -> list[str]:
    """The OIDs of all ifAdminStatus and ifOperStatus."""
    return [f"{root}.{index}" for root in (oids.IF_ADMIN_STATUS, oids.IF_OPER_STATUS) for index in inventory.interfaces]


def is_up(states: Rows, root: str, index: int) -> bool | None:
    """Whether ifAdminStatus or ifOperStatus (`root`) says up; None when it does not say."""
    state = states.get(f"{root}.{index}")
    return None if state is None else state == 1


def _counters(trusted: Iterable[Pair]) -> Iterable[Column]:
    """The counters to read live: the 64-bit ones, and the 32-bit ones that they do not cover."""
    trusted = frozenset(trusted)
    for pair in oids.COUNTER_PAIRS:
        yield pair.high
        if pair not in trusted:
            yield pair.low


def _by_index(root: str, rows: Rows) -> dict[int, Value]:
    """A column's values by ifIndex; rows with any other index are none of IF-MIB's."""
    start = len(root) + 1
    return {int(oid[start:]): value for oid, value in rows.items() if "." not in oid[start:]}


def _label_sets(by_index: Mapping[str, Mapping[int, Value]]) -> dict[int, Labels]:
    """Each interface's labels, shared by all its series."""
    texts = {name: by_index.get(root, {}) for name, root in oids.LABEL_COLUMNS.items()}
    indexes = sorted({index for column in by_index.values() for index in column})
    return {
        index: _shared(labels({name: clean(column.get(index)) for name, column in texts.items()}, ifIndex=str(index)))
        for index in indexes
    }


# Ports of the same number, name and description are on every access switch: what is equal is kept once, as are OIDs.
@lru_cache(4096)
def _shared(of: Labels) -> Labels:
    return of


@lru_cache(16_384)
def _series(family: Family, of: Labels) -> Series:
    return Series(family, of)


@lru_cache(256)
def _table(of: tuple[str, ...], series: tuple[Series, ...]) -> dict[str, Series]:
    return dict(zip(of, series, strict=True))


@lru_cache(4096)
def _sample(family: Family, of: Labels, value: int) -> Sample:
    return Sample(_series(family, of), value)


def _static(by_index: Mapping[str, Mapping[int, Value]], label_sets: Mapping[int, Labels]) -> Iterable[Sample]:
    for column in oids.STATIC_COLUMNS:
        for index, value in by_index.get(column.root, {}).items():
            if type(value) is int:
                yield _sample(column.family, label_sets[index], value)
    for index, value in by_index.get(oids.IF_TYPE, {}).items():
        if type(value) is int:
            yield _sample(oids.IF_TYPE_FAMILY, _shared(labels(label_sets[index], ifType=if_type(value))), 1)
    for index, value in by_index.get(oids.IF_PHYS_ADDRESS, {}).items():
        of = labels(label_sets[index], ifPhysAddress=spell_mac(value) or _NO_MAC)
        yield _sample(oids.IF_PHYS_ADDRESS_FAMILY, _shared(of), 1)


def _interface(index: int, by_index: Mapping[str, Mapping[int, Value]]) -> Interface:
    def at(root: str) -> Value:
        return by_index.get(root, {}).get(index)

    kind, high, plain = at(oids.IF_TYPE), at(oids.IF_HIGH_SPEED), at(oids.IF_SPEED)
    mac = spell_mac(at(oids.IF_PHYS_ADDRESS))
    speed = high * 1_000_000 if isinstance(high, int) and high > 0 else plain
    return Interface(
        index=index,
        name=clean(at(oids.IF_NAME)) or None,
        alias=clean(at(oids.IF_ALIAS)) or None,
        descr=clean(at(oids.IF_DESCR)) or None,
        type=if_type(kind) if isinstance(kind, int) else None,
        mac=mac if mac.strip("0:") else None,
        speed_bps=speed if isinstance(speed, int) and speed > 0 else None,
    )
