"""Networks as sorted, disjoint ranges of addresses, so that a sweep's position in them is a number."""

from __future__ import annotations

import bisect
import ipaddress
from collections.abc import Iterable, Iterator
from itertools import accumulate

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
_Span = tuple[int, int]  # first and last address, both included
_VERSIONS = (4, 6)


def parse_network(text: str) -> IpNetwork:
    """`10.0.0.0/24`, `10.0.0.7`, `2001:db8::/120`.

    Raises:
        ValueError: it is no network; the message says what one looks like.
    """
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError as error:
        try:
            wider = ipaddress.ip_network(text.strip(), strict=False)
        except ValueError:
            raise ValueError(f"{text!r} is no network; write one like 10.0.0.0/24 or 2001:db8::/120") from error
        raise ValueError(f"{text!r} is an address within a network; write {wider}") from error


class Ranges:
    """Addresses that may be asked.

    Args:
        networks: what to include; of an IPv4 network with more than two addresses its own address and broadcast, and
            of IPv6 the address of the subnet routers (RFC 4291 section 2.6.1), are no devices.
        without: what to leave out of them.
    """

    def __init__(self, networks: Iterable[IpNetwork], without: Iterable[IpNetwork] = ()) -> None:
        kept = list(networks)
        left_out = list(without)
        self._spans: list[tuple[int, int, int]] = []  # version, first, last
        for version in _VERSIONS:
            spans = _joined(_hosts(one) for one in kept if one.version == version)
            holes = _joined(_whole(one) for one in left_out if one.version == version)
            self._spans += [(version, first, last) for first, last in _cut(spans, holes)]
        self._ends = list(accumulate(last - first + 1 for _, first, last in self._spans))
        self._starts = [(version, first) for version, first, _ in self._spans]

    def __len__(self) -> int:
        return min(self.size, 2**62)  # what len() can tell

    @property
    def size(self) -> int:
        """How many addresses; an IPv6 network alone has more than `len` can tell."""
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, place: int) -> IpAddress:
        """The address at a place from 0, in ascending order, IPv4 first.

        Raises:
            IndexError: there are not so many.
        """
        if not 0 <= place < self.size:
            raise IndexError(place)
        of = bisect.bisect_right(self._ends, place)
        version, _, last = self._spans[of]
        return _address(version, last - (self._ends[of] - 1 - place))

    def __contains__(self, address: object) -> bool:
        if not isinstance(address, (ipaddress.IPv4Address, ipaddress.IPv6Address)):
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
            return False
        of = bisect.bisect_right(self._starts, (address.version, int(address))) - 1
        return of >= 0 and self._spans[of][0] == address.version and int(address) <= self._spans[of][2]

    def spelled(self) -> list[str]:
        """Each range as `FIRST-LAST`."""
        return [f"{_address(version, first)}-{_address(version, last)}" for version, first, last in self._spans]


def _address(version: int, number: int) -> IpAddress:
    return ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number)


def _hosts(network: IpNetwork) -> _Span:
    first, last = _whole(network)
    if last - first < 2:
        return first, last
    return first + 1, last - 1 if network.version == 4 else last


def _whole(network: IpNetwork) -> _Span:
    return int(network.network_address), int(network.broadcast_address)


def _joined(spans: Iterable[_Span]) -> list[_Span]:
    """The same addresses in as few spans as there can be, sorted."""
    found: list[_Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _cut(spans: list[_Span], holes: list[_Span]) -> Iterator[_Span]:
    """What is left of `spans`; both are sorted and disjoint."""
    for first, last in spans:
        left = first
        for hole_first, hole_last in holes:
            if hole_last < left or hole_first > last:
                continue
            if hole_first > left:
                yield left, hole_first - 1
            left = hole_last + 1
        if left <= last:
            yield left, last
