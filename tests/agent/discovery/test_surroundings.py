"""Whom real devices see, from recordings; and tables that somebody made up."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from agent.discovery.knock import Knocker
from agent.discovery.pace import Pace
from agent.discovery.reading import read_found
from agent.discovery.surroundings import ARP, FDB_PORT, LLDP_MANAGEMENT, MOST_TOLD, addresses_to_follow, neighbours_of
from agent.snmp.configured import library_of
from agent.snmp.neighbours import CDP_DEVICE_ID, REM_PORT_ID
from agent.snmp.profiles.reading import Chooser
from core.clock import SystemClock
from core.discovery import FoundDevice, FoundNeighbour
from tests.agent.discovery.network import communities
from tests.servers import recording


async def read(name: str) -> FoundDevice:
    with recording.Recording(recording.parse(recording.lines(name))) as device:
        knocker = Knocker(communities("public"), Pace(5000, SystemClock()), port=device.port, timeout_seconds=2)
        opened = await knocker.open(ip_address("127.0.0.1"), alive=True)
        assert opened is not None
        found, errors = await read_found(opened, Chooser(library_of(None)))
    assert not errors
    return found


CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("cloud/arista-dcs-7150s-52-cl", "00:1c:73:b4:fd:69",
     {"source": "lldp", "local_port": "Ethernet47", "name": "ZJ-BP-Bak-Arista", "port": "Ethernet23",
      "address": "172.16.229.22", "mac": "44:4c:a8:31:3e:df"}),
    ("network/router/cisco-unmarked-0", "00:09:e8:fd:59:80",
     {"source": "cdp", "local_port": "Gi0/1", "name": "gongjiaolou-C3550", "port": "GigabitEthernet0/8",
      "address": "192.168.31.31"}),
    ("network/router/huawei-s5720", "d4:94:e8:0d:e1:20",
     {"source": "fdb", "local_port": "GigabitEthernet0/0/8", "mac": "8c:e7:48:7c:77:ea"}),
    ("network/router/juniper-mx960-13-3r9-13", "a8:d0:e5:f5:af:c0",
     {"source": "lldp", "local_port": "ge-0/1/0", "name": "DCGL-S5800", "port": "GigabitEthernet1/1/1",
      "address": "10.196.0.18", "mac": "38:22:d6:b3:31:b5"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "chassis", "neighbour"), CASES, ids=[case[0] for case in CASES])
async def test_real_devices_name_their_neighbours(name: str, chassis: str, neighbour: dict[str, Any]) -> None:
    found = await read(name)
    assert found.chassis_id == chassis
    assert FoundNeighbour(**neighbour) in found.neighbours


MADE_UP = [
    ({ARP: {f"{ARP}.1.10.0.0.300": b"\0\x1b\x21\1\2\3"}}, "an octet of more than 255"),
    ({ARP: {f"{ARP}.1.224.0.0.1": b"\0\x1b\x21\1\2\3"}}, "a multicast address"),
    ({ARP: {f"{ARP}.1.10.0.0.1": b"short"}}, "no MAC"),
    ({ARP: {f"{ARP}.1": b"\0\x1b\x21\1\2\3"}}, "an index cut short"),
    ({FDB_PORT: {f"{FDB_PORT}.0.27.33.1.2.999": 3}}, "a MAC of more than 255"),
    ({FDB_PORT: {f"{FDB_PORT}.0.27.33.1.2.3": b"x"}}, "a port that is no number"),
    ({REM_PORT_ID: {f"{REM_PORT_ID}.1": b"x"}}, "an index of LLDP cut short"),
    ({LLDP_MANAGEMENT: {f"{LLDP_MANAGEMENT}.0.1.1.1.4.10": 2}}, "an address of LLDP cut short"),
]


@pytest.mark.parametrize(("columns", "why"), MADE_UP, ids=[case[1] for case in MADE_UP])
def test_rows_that_make_no_sense_are_left_out(columns: dict[str, Any], why: str) -> None:
    assert neighbours_of(columns, {}) == []


def test_texts_of_neighbours_are_made_printable_and_there_are_only_so_many() -> None:
    names = {f"{CDP_DEVICE_ID}.{number}.1": b"na\x1b[2Jme\x00-%d" % number for number in range(2000)}
    found = neighbours_of({CDP_DEVICE_ID: names}, {})
    assert len(found) == MOST_TOLD
    assert all(one.name and one.name.isprintable() for one in found)


def test_a_port_with_many_macs_leads_to_another_switch() -> None:
    crowded = {f"{FDB_PORT}.0.27.33.1.2.{number}": 7 for number in range(5)}
    alone = {f"{FDB_PORT}.0.27.33.1.3.1": 8}
    assert [one.mac for one in neighbours_of({FDB_PORT: crowded | alone}, {})] == ["00:1b:21:01:03:01"]


def test_only_who_says_so_is_known_to_be_managed() -> None:
    said = [FoundNeighbour(source="lldp", address="10.0.0.1"), FoundNeighbour(source="arp", address="10.0.0.2"),
            FoundNeighbour(source="cdp", name="x")]  # fmt: skip
    assert list(addresses_to_follow(said)) == [(ip_address("10.0.0.1"), True), (ip_address("10.0.0.2"), False)]
