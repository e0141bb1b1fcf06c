from __future__ import annotations

import ipaddress

import pytest

from agent.facts.address import is_reachable, management_address, own_addresses, source_address
from core.facts import InterfaceFacts


def test_addresses_that_every_host_has_are_left_out() -> None:
    interfaces = [
        InterfaceFacts(name="lo", addresses=["127.0.0.1", "::1"]),
        InterfaceFacts(name="docker0", addresses=["172.17.0.1"]),
        InterfaceFacts(name="br-0a1b2c3d4e5f", addresses=["172.18.0.1"]),
        InterfaceFacts(name="virbr0", addresses=["192.168.122.1"]),
        InterfaceFacts(name="eth0", addresses=["fe80::1", "2001:db8::5", "10.0.0.5"]),
        InterfaceFacts(name="br-lan", addresses=["10.1.0.5", "10.0.0.5"]),
        InterfaceFacts(name=None, addresses=["169.254.1.1"]),
    ]
    assert own_addresses(interfaces) == ["10.0.0.5", "10.1.0.5", "2001:db8::5"]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "fe80::1", "169.254.0.1", "0.0.0.0", "224.0.0.1", "here", ""])
def test_addresses_nobody_else_can_reach(address: str) -> None:
    assert not is_reachable(address)


@pytest.mark.parametrize(
    ("source", "addresses", "expected"),
    [
        ("10.0.0.5", ["10.1.0.5"], "10.0.0.5"),
        (None, ["10.1.0.5", "2001:db8::5"], "10.1.0.5"),
        (None, [], None),
    ],
)
def test_a_host_is_managed_where_it_speaks_from(source: str | None, addresses: list[str], expected: str | None) -> None:
    assert management_address(source, addresses) == expected


def test_this_hosts_own_source_address_is_an_address_or_none() -> None:
    found = source_address()
    assert found is None or is_reachable(str(ipaddress.ip_address(found)))
