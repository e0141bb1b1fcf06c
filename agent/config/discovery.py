"""The section `discovery` of `agent.yaml`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from agent.config.limits import at_least
from agent.discovery.ranges import IpNetwork, Ranges, parse_network
from core.config import Duration, Finding, Section

_MOST_ADDRESSES = 2**24


class DiscoveryConfig(Section, kw_only=True, frozen=True):
    """Looking for devices; nothing is looked for without `networks`.

    Attributes:
        networks: what may be looked at, `10.0.0.0/24`; neighbours outside are not followed.
        exclude: what may not, although it is in `networks`.
        credentials: keys of `snmp.credentials` in the order to try; empty takes all, those of version 3 first.
        snmp_port: the UDP port that devices are asked at.
        ports: TCP ports that tell what a host without SNMP is; empty looks at none.
        hosts: whether hosts without SNMP are results.
        ask_silent: whether to ask addresses by SNMP that do not answer a ping, too.
        neighbours: how many steps from device to neighbour are gone beyond what the sweep itself meets.
        rate: packets a second, for pings, credentials and ports together.
        parallel: how many devices are read at a time.
        timeout: for one ping, one credential, one port.
        max_addresses: a sweep of more is refused.
        max_devices: a sweep ends when it has found so many.
        max_tries: how many credentials one device may refuse in a sweep, lest it locks somebody out.
        interval: between two sweeps of the running agent.
        after_new: how soon the running agent looks at new devices again; their neighbours show late.
    """

    networks: list[str] = []
    exclude: list[str] = []
    credentials: list[str] = []
    snmp_port: int = 161
    ports: tuple[int, ...] = (22, 80, 443, 3389, 5985, 9100, 9182)
    hosts: bool = True
    ask_silent: bool = False
    neighbours: int = 4
    rate: int = 50
    parallel: int = 8
    timeout: Duration = Duration(1)
    max_addresses: int = 65_536
    max_devices: int = 5_000
    max_tries: int = 3
    interval: Duration = Duration(21_600)
    after_new: Duration = Duration(300)

    def check(self) -> Iterator[Finding]:
        for key in ("networks", "exclude"):
            for index, text in enumerate(getattr(self, key)):
                try:
                    parse_network(text)
                except ValueError as error:
                    yield Finding((key, index), str(error))
        yield from self._check_size()
        yield from _between(self, "rate", 1, 10_000)
        yield from _between(self, "parallel", 1, 256)
        yield from _between(self, "neighbours", 0, 32)
        yield from _between(self, "max_addresses", 1, _MOST_ADDRESSES)
        yield from _between(self, "max_devices", 1, 10_000)
        yield from _between(self, "max_tries", 1, 100)
        yield from _between(self, "snmp_port", 1, 65_535)
        for index, port in enumerate(self.ports):
            if not 1 <= port <= 65_535:
                yield Finding(("ports", index), f"must be from 1 to 65535, not {port}")
        yield from at_least(self.timeout, Duration(0.05), "timeout")
        yield from at_least(self.interval, Duration(300), "interval")
        yield from at_least(self.after_new, Duration(30), "after_new")

    def _check_size(self) -> Iterator[Finding]:
        kept = _networks(self.networks)
        if not kept or len(kept) < len(self.networks):
            return
        size = Ranges(kept, _networks(self.exclude)).size
        if size > self.max_addresses:
            message = f"{size} addresses are more than max_addresses, {self.max_addresses}; raise it if you mean it"
            yield Finding(("networks",), message)
        elif not size:
            yield Finding(("networks",), "all of them are excluded")


def _networks(texts: Iterable[str]) -> list[IpNetwork]:
    found = []
    for text in texts:
        with contextlib.suppress(ValueError):  # told by itself
            found.append(parse_network(text))
    return found


def _between(section: DiscoveryConfig, key: str, least: int, most: int) -> Iterator[Finding]:
    value = getattr(section, key)
    if not least <= value <= most:
        yield Finding((key,), f"must be from {least} to {most}, not {value}")
