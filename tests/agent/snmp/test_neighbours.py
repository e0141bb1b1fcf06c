"""What a row of LLDP calls the device's own port."""

from __future__ import annotations

import pytest

from agent.discovery.surroundings import neighbours_of
from agent.snmp.neighbours import cdp_neighbours, lldp_neighbours, remote_port

_LOCAL, _REMOTE = "1.0.8802.1.1.2.1.3.7.1.", "1.0.8802.1.1.2.1.4.1.1."


@pytest.mark.parametrize(
    ("port_id", "described", "named"),
    [
        (b"Ethernet1/1", b"to core", "Ethernet1/1"),
        (b"436207616", b"", "Ethernet1/1"),
        (b"8c:60:4f:19:16:28", b"Ethernet1/1", "Ethernet1/1"),
        (b"8C-60-4F-19-16-28", b"", "Ethernet1/1"),
        (b"\x8c\x60\x4f\x19\x16\x28", b"Ethernet1/1", "Ethernet1/1"),
        (b"8c:60:4f:19:16:28", b"", "Ethernet1/1"),
        (b"8c:60:4f:19:16:28", b"to big data", "Ethernet1/1"),
        (b"Uplink", b"", "Uplink"),
    ],
)
def test_a_local_port_has_the_name_of_its_interface_not_its_address(
    port_id: bytes, described: bytes, named: str
) -> None:
    columns = {
        _LOCAL + "2": {_LOCAL + "2.436207616": 3 if port_id[:1] in (b"8", b"\x8c") else 5},
        _LOCAL + "3": {_LOCAL + "3.436207616": port_id},
        _LOCAL + "4": {_LOCAL + "4.436207616": described},
        _REMOTE + "7": {_REMOTE + "7.0.436207616.1": b"xe-0/0/1"},
        _REMOTE + "9": {_REMOTE + "9.0.436207616.1": b"core-1"},
    }
    (found,) = lldp_neighbours(columns, {436207616: "Ethernet1/1"})
    assert (found.local_port, found.remote_name, found.remote_port) == (named, "core-1", "xe-0/0/1")


def test_a_port_that_is_known_by_its_address_is_spelled_not_decoded() -> None:
    row = "0.1.1"
    columns = {
        _REMOTE + "6": {f"{_REMOTE}6.{row}": 3},
        _REMOTE + "7": {f"{_REMOTE}7.{row}": b"\x8c\x60\x4f\x19\x16\x28"},
        _REMOTE + "9": {f"{_REMOTE}9.{row}": b"core-1"},
    }
    assert remote_port(columns, row) == "8C:60:4F:19:16:28"
    assert [one.port for one in neighbours_of(columns, {1: "Gi0/1"})] == ["8C:60:4F:19:16:28"]


def test_an_address_that_is_text_already_is_not_spelled_again() -> None:
    columns = {_REMOTE + "6": {_REMOTE + "6.0.1.1": 3}, _REMOTE + "7": {_REMOTE + "7.0.1.1": b"8c:60:4f:19:16:28"}}
    assert remote_port(columns, "0.1.1") == "8c:60:4f:19:16:28"


@pytest.mark.parametrize(
    ("said", "name", "reason"),
    [
        (b"core-1", "core-1", "a name of six letters"),
        ("北京".encode(), "北京", "a name of six octets in UTF-8"),
        ("机房一".encode("gb18030"), "机房一", "a name of six octets in GB 18030"),
        (bytes.fromhex("e839351aca99"), "E8:39:35:1A:CA:99", "ProCurve tells neighbours by LLDP here, too, as octets"),
        (bytes.fromhex("8c604f19163a"), "8C:60:4F:19:16:3A", "octets that would make characters"),
    ],
)
def test_a_neighbour_by_cdp_that_gives_its_address_has_it_spelled(said: bytes, name: str, reason: str) -> None:
    cache = "1.3.6.1.4.1.9.9.23.1.2.1.1."
    columns = {cache + "6": {cache + "6.8.1": said}, cache + "7": {cache + "7.8.1": said}}
    [neighbour] = cdp_neighbours(columns, {8: "8"})
    assert (neighbour.remote_name, neighbour.remote_port) == (name, name), reason
