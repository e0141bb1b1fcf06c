"""How many traps are looked into: a token bucket for each source and one for all, before anything is decoded.

Decoding costs a thousand times what this costs, and a source's address can be made up, so sources are bounded.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

MOST_SOURCES = 10_000

IP = IPv4Address | IPv6Address


class Drop(enum.StrEnum):
    """Why a datagram or an event was not taken."""

    QUEUE = "queue"  # the kernel's queue was full: they came faster than they could be looked at
    NOT_ALLOWED = "not_allowed"  # not of a network in traps.allow
    SOURCE_RATE = "source_rate"  # its source sent too many
    TOTAL_RATE = "total_rate"  # all sources together did
    MALFORMED = "malformed"  # no SNMP message
    VERSION = "version"  # a version that no credential is for
    COMMUNITY = "community"  # a community that is not known
    USER = "user"  # a user of version 3 who is not known
    LEVEL = "level"  # below the user's own level of security
    SIGNATURE = "signature"  # not signed with the user's key: a wrong password or protocol
    ENCRYPTION = "encryption"  # signed rightly, but not encrypted with the user's key
    REPLAYED = "replayed"  # a message of version 3 that is older than one that came before, or out of the time window
    OVERFLOW = "overflow"  # the agent did not take events up as fast as they came


@dataclass(slots=True)
class Bucket:
    """Tokens that come back at `rate` a second, at most `burst` of them."""

    rate: float
    burst: float
    tokens: float
    at: float

    def take(self, now: float) -> bool:
        """Whether there is a token at `now` (monotonic seconds); it is gone then."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Limits:
    """Decides about each datagram.

    Sources that are polled have a total of their own, so that nobody who makes up addresses silences them.

    Args:
        allow: networks that may send; empty for all.
        known: addresses of devices that are polled.
    """

    def __init__(
        self, allow: Iterable[str], known: Iterable[str], *, rate: float, burst: float, total_rate: float
    ) -> None:
        self._allow: list[IPv4Network | IPv6Network] = [ip_network(text) for text in allow]
        self._known = frozenset(known)
        self._rate, self._burst = rate, burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._totals = {known: _full(total_rate, total_rate * 2) for known in (True, False)}

    def know(self, known: Iterable[str]) -> None:
        """Sources that are polled from now on."""
        self._known = frozenset(known)

    def judge(self, source: str, now: float) -> Drop | None:
        """None when the datagram is to be looked into; otherwise why not."""
        bucket = self._buckets.get(source)
        if bucket is None:
            if self._allow and not self._allowed(ip_address(source)):
                return Drop.NOT_ALLOWED
            bucket = self._add(source, now)
        else:
            self._buckets.move_to_end(source)
        if not bucket.take(now):
            return Drop.SOURCE_RATE
        return None if self._totals[source in self._known].take(now) else Drop.TOTAL_RATE

    def _allowed(self, address: IP) -> bool:
        return any(address.version == network.version and address in network for network in self._allow)

    def _add(self, source: str, now: float) -> Bucket:
        if len(self._buckets) >= MOST_SOURCES:
            self._buckets.popitem(last=False)
        bucket = self._buckets[source] = Bucket(self._rate, self._burst, self._burst, now)
        return bucket


def _full(rate: float, burst: float) -> Bucket:
    return Bucket(rate, burst, burst, 0.0)


def plain_address(text: str) -> str:
    """An address as it is written: an IPv4 address that came to an IPv6 socket as such, no zone."""
    if ":" not in text:
        return text
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
