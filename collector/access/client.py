"""Where a request really comes from: the peer, or what a proxy that we trust says about it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from aiohttp import web

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# The client's address as text; set on every request by the access middleware.
CLIENT: web.RequestKey[str] = web.RequestKey("client", str)

# Any of these says that somebody forwards the request, whatever it claims.
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


def client_address(peer: str | None, forwarded_for: Iterable[str], trusted: Sequence[Network]) -> str:
    """The address nearest to us that is no trusted proxy's.

    Args:
        peer: the other end of the connection; None where there is none (a UNIX socket).
        forwarded_for: the X-Forwarded-For headers in order; each a comma-separated list.
        trusted: networks of our own proxies; without one the headers are not believed.
    """
    chain = [hop.strip() for header in forwarded_for for hop in header.split(",")]
    address = peer or "unknown"
    while chain and _within(address, trusted):
        hop = chain.pop()
        if _parse(hop) is None:
            break  # made up, or a name: the proxy before it is the last thing we know
        address = hop
    return address


def throttled_as(client: str) -> str:
    """Under which name guesses from an address are counted; one IPv6 customer has a whole /64 to guess from."""
    address = _parse(client)
    if not isinstance(address, ipaddress.IPv6Address):
        return client
    return str(ipaddress.ip_network((address, 64), strict=False))


def is_local(request: web.Request, client: str, trusted: Sequence[Network]) -> bool:
    """Whether the request was made on this machine itself, not by way of an unknown proxy on it."""
    peer, address = _parse(request.remote or ""), _parse(client)
    # A proxy elsewhere that was asked from its own machine names that machine's loopback, not ours.
    if peer is None or not peer.is_loopback or address is None or not address.is_loopback:
        return False
    forwarded = any(name in request.headers for name in _FORWARDED)
    return not forwarded or _within(request.remote or "", trusted)


def _within(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parse(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
