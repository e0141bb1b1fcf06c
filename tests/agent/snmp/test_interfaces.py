from __future__ import annotations

import gc
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sample import Family, Series
from agent.snmp import oids, shape
from agent.snmp.client import Rows, Value
from agent.snmp.iftype import if_type
from agent.snmp.interfaces import Table, all_columns, covers, interface_samples, take_inventory

IN_OCTETS = oids.COUNTER_PAIRS[0]


def table(**columns: dict[int, Value]) -> Table:
    """Rows by index for columns named as in IF-MIB."""
    roots = {column.family.name: column.root for column in (*oids.LIVE_COLUMNS, *oids.STATIC_COLUMNS)}
    roots |= {of.family.name: of.root for pair in oids.COUNTER_PAIRS for of in pair}
    roots |= oids.LABEL_COLUMNS | {"ifType": oids.IF_TYPE, "ifPhysAddress": oids.IF_PHYS_ADDRESS}
    return {
        roots[name]: {f"{roots[name]}.{index}": value for index, value in rows.items()}
        for name, rows in columns.items()
    }


@pytest.mark.parametrize(
    ("high", "low", "expected", "why"),
    [
        ({1: 5}, {1: 5}, True, "both there"),
        ({1: 2**40}, {}, True, "no 32-bit column to miss"),
        ({1: 0}, {1: 0}, True, "an idle interface"),
        ({1: 5}, {1: 5, 2: 7}, False, "an interface without the 64-bit counter"),
        ({1: 0}, {1: 7}, False, "a 64-bit counter that never moves"),
        ({}, {1: 7}, False, "an empty 64-bit column"),
        (None, {1: 7}, False, "no 64-bit column"),
        (None, None, False, "neither"),
    ],
)
def test_64_bit_column_stands_for_the_32_bit_one_only_when_it_can(
    high: dict[int, Value] | None, low: dict[int, Value] | None, expected: bool, why: str
) -> None:
    assert covers(high, low) is expected, why


@given(st.integers(0, 2**64 - 1))
def test_32_bit_counter_is_the_low_half_of_the_64_bit_one(value: int) -> None:
    inventory = take_inventory(table(ifHCInOctets={1: 1}, ifInOctets={1: 1}))
    rows: Rows = {f"{IN_OCTETS.high.root}.1": value}
    samples = {sample.name: sample.value for sample in interface_samples(inventory, rows).samples}
    assert samples == {"ifHCInOctets": value, "ifInOctets": value % 2**32}


@pytest.mark.parametrize(
    ("high", "plain", "speed", "why"),
    [
        (1000, 1_000_000_000, 1_000_000_000, "ifHighSpeed counts megabits"),
        (100_000, 4_294_967_295, 100_000_000_000, "ifSpeed cannot say 100 Gb/s"),
        (0, 64_000, 64_000, "ifHighSpeed is zero below half a megabit"),
        (None, 10_000_000, 10_000_000, "no ifXTable"),
        (0, 0, None, "a device that does not know"),
        (None, 4_294_967_295, None, "as fast or faster, which says nothing (RFC 2863)"),
        (b"fast", b"very", None, "values of the wrong type"),
    ],
)
def test_speed_is_taken_from_the_column_that_can_tell_it(
    high: Value, plain: Value, speed: int | None, why: str
) -> None:
    inventory = take_inventory(table(ifHighSpeed={1: high}, ifSpeed={1: plain}))
    assert inventory.interfaces[1].speed_bps == speed, why


@pytest.mark.parametrize(
    ("address", "label", "mac", "why"),
    [
        (b"\x02\xfc\x00\x00\x00\x01", "02:FC:00:00:00:01", "02:FC:00:00:00:01", "an Ethernet address"),
        (b"", "00:00:00:00:00:00", None, "loopback has none; snmp_exporter shows zeros"),
        (bytes(6), "00:00:00:00:00:00", None, "zeros identify nothing"),
        (7, "00:00:00:00:00:00", None, "a value of the wrong type"),
        (bytes(range(8)), "00:01:02:03:04:05:06:07", "00:01:02:03:04:05:06:07", "a port name of Fibre Channel"),
        (b"69376", "36:39:33:37:36", None, "a number as text is no address"),
    ],
)
def test_link_layer_address_is_a_label_and_a_fact_when_it_is_one(
    address: Value, label: str, mac: str | None, why: str
) -> None:
    inventory = take_inventory(table(ifPhysAddress={1: address}))
    assert dict(next(inventory.static()).labels)["ifPhysAddress"] == label, why
    assert inventory.interfaces[1].mac == mac, why


def test_rows_whose_index_is_no_interface_are_left_out() -> None:
    rows = table(ifName={1: b"eth0"})
    rows[oids.IF_NAME][f"{oids.IF_NAME}.1.2"] = b"not an interface"
    assert list(take_inventory(rows).interfaces) == [1]


def test_all_series_of_an_interface_share_one_label_set() -> None:
    inventory = take_inventory(table(ifName={1: b"eth0"}, ifOperStatus={1: 1}, ifHCInOctets={1: 1}, ifInOctets={1: 1}))
    sets = {id(series.labels) for series in inventory.series()}
    assert len(sets) == 1


def test_ports_of_two_devices_share_all_but_their_labels() -> None:
    one, other = (
        take_inventory(table(ifName={1: b"port %d" % n}, ifHCInOctets={1: n}, ifMtu={1: 1500})) for n in (1, 2)
    )
    assert one.shape is other.shape
    assert one.values is other.values
    assert [dict(of.labels)["ifName"] for of in (*one.series(), *other.series())] == ["port 1"] * 3 + ["port 2"] * 3


def test_interfaces_of_equal_names_stay_apart_by_their_index() -> None:
    inventory = take_inventory(table(ifName={1: b"eth0", 2: b"eth0"}, ifOperStatus={1: 1, 2: 1}))
    assert len({series.labels for series in inventory.series()}) == 2


def test_labels_are_the_first_columns_read() -> None:
    assert set(all_columns()[:3]) == set(oids.LABEL_COLUMNS.values())
    assert len(set(all_columns())) == len(all_columns())


@pytest.mark.parametrize(
    ("value", "name"),
    [(6, "ethernetCsmacd"), (24, "softwareLoopback"), (53, "propVirtual"), (131, "tunnel"), (135, "l2vlan"),
     (161, "ieee8023adLag"), (209, "bridge"), (272, "vmwareNicTeam"), (9999, "9999"), (0, "0"), (-1, "-1")],
)  # fmt: skip
def test_interface_types_have_their_registered_names(value: int, name: str) -> None:
    assert if_type(value) == name


POLLED = table(ifOperStatus={1: 1, 2: 1}, ifHCInOctets={1: 2**33, 2: 5}, ifInOctets={1: 0, 2: 5}, ifMtu={1: 1500, 2: 9})
OPER, HIGH = oids.IF_OPER_STATUS, IN_OCTETS.high.root
LOAD = Series(Family("load", "gauge", ""))
WHOLE: dict[str, Value] = {f"{OPER}.1": 1, f"{OPER}.2": 2, f"{HIGH}.1": 2**32 + 7, f"{HIGH}.2": 6}
FULL = {
    "ifOperStatus 1": 1, "ifOperStatus 2": 2, "ifHCInOctets 1": 2**32 + 7, "ifHCInOctets 2": 6,
    "ifInOctets 1": 7, "ifInOctets 2": 6, "ifMtu 1": 1500, "ifMtu 2": 9,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "others", "gone", "more", "malformed", "why"),
    [
        ({}, {}, [], {}, 0, "every object"),
        ({f"{OPER}.2": None}, {}, ["ifOperStatus 2"], {}, 1, "an object without a value"),
        ({f"{OPER}.2": True}, {}, ["ifOperStatus 2"], {}, 1, "a Boolean is no number"),
        ({f"{HIGH}.2": b"6"}, {}, ["ifHCInOctets 2", "ifInOctets 2"], {}, 1, "a text is none either"),
        ({"1.2": 3}, {}, [], {}, 0, "an object that nobody asked for"),
        ({"1.2": 3}, {"1.2": LOAD}, [], {"load": 3}, 0, "an object of the profile"),
        ({"1.2": b"3"}, {"1.2": LOAD}, [], {}, 1, "one that is a text"),
        ({}, {"1.2": LOAD}, [], {}, 0, "one that did not come"),
        ({"1.2": 3, f"{OPER}.2": b""}, {"1.2": LOAD}, ["ifOperStatus 2"], {"load": 3}, 1, "one among broken ones"),
        (
            {},
            {f"{OPER}.2": LOAD},
            ["ifOperStatus 2"],
            {"load": 2},
            0,
            "an object that the profile has another name for",
        ),
    ],
)
def test_samples_of_a_poll_are_those_whose_objects_came(
    change: Mapping[str, Value], others: dict[str, Series], gone: list[str], more: dict[str, float], malformed: int,
    why: str,
) -> None:  # fmt: skip
    polled = interface_samples(take_inventory(POLLED), {**WHOLE, **change}, others)
    found = {" ".join((one.name, *(value for _, value in one.labels))): one.value for one in polled.samples}
    assert found == {name: value for name, value in FULL.items() if name not in gone} | more, why
    assert len(polled.samples) == len(found), "no series twice"
    assert polled.malformed == malformed, why


def test_objects_that_are_missing_leave_their_series_out() -> None:
    polled = interface_samples(take_inventory(POLLED), {f"{OPER}.1": 1})
    assert [sample.name for sample in polled.samples] == ["ifOperStatus", "ifMtu", "ifMtu"]


def test_shapes_that_no_device_has_any_more_are_forgotten() -> None:
    for last in range(900, 930):
        inventory = take_inventory(table(ifOperStatus=dict.fromkeys((801, last), 1)))
    gc.collect()
    assert inventory.shape.indexes == (801, 929)
    assert [one.indexes for one in shape._shapes.values() if 801 in one.indexes] == [(801, 929)]
