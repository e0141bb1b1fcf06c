from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.snmp import oids
from agent.snmp.client import Value
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
    rows = {f"{IN_OCTETS.high.root}.1": value}
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
