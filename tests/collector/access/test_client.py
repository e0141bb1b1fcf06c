from __future__ import annotations

import ipaddress

import pytest
from aiohttp.test_utils import make_mocked_request

from collector.access.client import client_address, is_local, throttled_as

PROXIES = [ipaddress.ip_network("10.0.0.0/24"), ipaddress.ip_network("127.0.0.1/32")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected", "why"),
    [
        ("198.51.100.7", [], "198.51.100.7", "no proxy"),
        ("198.51.100.7", ["1.2.3.4"], "198.51.100.7", "a stranger's header is not believed"),
        ("10.0.0.5", ["1.2.3.4"], "1.2.3.4", "our proxy's is"),
        ("10.0.0.5", ["9.9.9.9, 1.2.3.4"], "1.2.3.4", "what the client wrote before is not"),
        ("10.0.0.5", ["9.9.9.9", "1.2.3.4"], "1.2.3.4", "several headers are one list"),
        ("10.0.0.5", ["1.2.3.4, 10.0.0.6"], "1.2.3.4", "two of our proxies in a row"),
        ("10.0.0.5", [], "10.0.0.5", "the proxy itself asks"),
        ("10.0.0.5", ["unknown"], "10.0.0.5", "no address"),
        ("10.0.0.5", ["127.0.0.1, evil"], "10.0.0.5", "nothing beyond a made-up hop is believed"),
        ("10.0.0.5", ["[2001:db8::1]"], "[2001:db8::1]", "an IPv6 address in brackets"),
        (None, ["1.2.3.4"], "unknown", "a UNIX socket"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy(
    peer: str | None, forwarded: list[str], expected: str, why: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == expected, why


@pytest.mark.parametrize(
    ("client", "name", "why"),
    [
        ("198.51.100.7", "198.51.100.7", "an IPv4 address is somebody's own"),
        ("2001:db8:0:1::5", "2001:db8:0:1::/64", "a customer's network"),
        ("[2001:db8:0:1:ffff::9]", "2001:db8:0:1::/64", "the same network, in brackets"),
        ("2001:db8:0:2::5", "2001:db8:0:2::/64", "another network"),
        ("unknown", "unknown", "nobody knows"),
    ],
)
def test_guesses_are_counted_by_who_can_make_them(client: str, name: str, why: str) -> None:
    assert throttled_as(client) == name, why


@pytest.mark.parametrize(
    ("client", "headers", "trusted", "local", "why"),
    [
        ("127.0.0.1", {}, False, True, "this machine"),
        ("::1", {}, False, True, "this machine by IPv6"),
        ("::ffff:127.0.0.1", {}, False, True, "this machine on a dual-stack socket"),
        ("192.0.2.1", {}, False, False, "another machine"),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, False, False, "a proxy here that nobody named"),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, False, False, "the standard header"),
        ("127.0.0.1", {"Via": "1.1 nginx"}, False, False, "a proxy that says only that it is one"),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, True, True, "our own proxy says that it was this machine"),
        ("unknown", {}, False, False, "nobody knows"),
    ],
)
def test_only_requests_of_this_machine_itself_are_local(
    client: str, headers: dict[str, str], trusted: bool, local: bool, why: str
) -> None:
    request = make_mocked_request("GET", "/metrics", headers=headers).clone(remote="127.0.0.1")
    assert is_local(request, client, PROXIES if trusted else []) is local, why


def test_the_loopback_of_a_proxy_on_another_machine_is_not_ours() -> None:
    request = make_mocked_request("GET", "/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).clone(remote="10.0.0.5")
    assert client_address("10.0.0.5", ["127.0.0.1"], PROXIES) == "127.0.0.1"
    assert is_local(request, "127.0.0.1", PROXIES) is False
