"""Networks as ranges, against the standard library's own arithmetic."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.discovery.ranges import IpNetwork, Ranges, parse_network


def networks(version: int, longest: int) -> st.SearchStrategy[IpNetwork]:
    """Small networks near each other, so that they meet and overlap."""
    bits = 32 if version == 4 else 128
    base = int(ipaddress.ip_address("10.0.0.0" if version == 4 else "2001:db8::"))

    def make(offset: int, length: int) -> IpNetwork:
        address = ipaddress.ip_address(base + offset) if version == 4 else ipaddress.IPv6Address(base + offset)
        return ipaddress.ip_network((address, length), strict=False)

    return st.builds(make, st.integers(0, 127), st.integers(bits - longest, bits))


SETS = st.lists(st.one_of(networks(4, 5), networks(6, 4)), max_size=5)


def hosts(network: IpNetwork) -> set[object]:
    every = set(network)
    if len(every) > 2:
        every.discard(network.network_address)
        if network.version == 4:
            every.discard(network.broadcast_address)
    return set(every)


@given(SETS, SETS)
@settings(max_examples=150)
def test_they_hold_what_is_in_a_network_and_in_none_that_is_excluded(
    kept: list[IpNetwork], out: list[IpNetwork]
) -> None:
    wanted = {one for network in kept for one in hosts(network)} - {one for network in out for one in network}
    found = Ranges(kept, out)
    listed = [found[place] for place in range(found.size)]
    assert set(listed) == wanted
    assert listed == sorted(listed, key=lambda one: (one.version, int(one)))
    assert len(listed) == len(set(listed)) == len(found)
    assert all((one in found) == (one in wanted) for network in (*kept, *out) for one in network)


@given(SETS, SETS)
@settings(max_examples=50)
def test_what_they_spell_is_what_they_hold(kept: list[IpNetwork], out: list[IpNetwork]) -> None:
    found = Ranges(kept, out)
    spelled = 0
    for text in found.spelled():
        first, last = (ipaddress.ip_address(end) for end in text.split("-"))
        spelled += int(last) - int(first) + 1
        assert first in found
        assert last in found
    assert spelled == found.size


def test_a_network_too_large_to_list_costs_nothing() -> None:
    found = Ranges([parse_network("2001:db8::/32"), parse_network("10.0.0.0/8")], [parse_network("10.1.0.0/16")])
    assert found.size == 2**24 - 2 - 2**16 + 2**96 - 1
    assert str(found[found.size - 1]) == "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"
    assert str(found[0]) == "10.0.0.1"
    with pytest.raises(IndexError):
        found[found.size]


WRONG = [("10.0.0.1/24", "10.0.0.0/24"), ("nobody", "10.0.0.0/24"), ("10.0.0.0/33", "10.0.0.0/24"), ("", "10.0.0.0/24")]


@pytest.mark.parametrize(("text", "remedy"), WRONG)
def test_what_is_no_network_is_told_with_what_would_be_one(text: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        parse_network(text)


def test_an_address_with_a_zone_is_in_no_range() -> None:
    assert ipaddress.ip_address("fe80::1%eth0") not in Ranges([parse_network("fe80::/64")])
