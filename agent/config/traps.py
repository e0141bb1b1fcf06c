"""The section `traps` of `agent.yaml`."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

from agent.config.address import parse_address
from agent.config.limits import at_least
from core.config import Duration, Finding, Section, Size

TRAP_PORT = 162


class TrapsConfig(Section, kw_only=True, frozen=True):
    """Traps and informs of SNMP devices, received on `listen`.

    Attributes:
        listen: an IP address of this host, with a port when it is not 162; `[::]:1162` takes IPv4 too.
        credentials: keys of `snmp.credentials` whose communities and users may send; empty means all of them.
        allow: networks that may send; empty means all.
        relays: addresses whose word about the address of the first sender is taken.
        rate, burst: traps a second that one source may send on the average, and at once.
        total_rate: traps a second that are looked into, of all sources that are targets, and of all others.
        repeat: so long the same trap of the same source is counted only.
        expire: so long a trouble whose end was not told keeps its alert.
        max_size: of the events that wait on disk for the collector.
        catalogue: a folder of own definitions of traps, which come before shipped ones of the same OID.
    """

    enabled: bool = False
    listen: str = "0.0.0.0:1162"
    credentials: list[str] = []
    allow: list[str] = []
    relays: list[str] = []
    rate: int = 20
    burst: int = 200
    total_rate: int = 200
    repeat: Duration = Duration(30)
    expire: Duration = Duration(604_800)
    max_size: Size = Size(16 * 2**20)
    catalogue: Path | None = None

    def check(self) -> Iterator[Finding]:
        try:
            ipaddress.ip_address(parse_address(self.listen, default_port=TRAP_PORT)[0])
        except ValueError:
            yield Finding(("listen",), f"{self.listen!r} is no IP address with a port; write one like 0.0.0.0:1162")
        yield from _networks("allow", self.allow)
        yield from _networks("relays", self.relays)
        for key, most in (("rate", 10_000), ("burst", 100_000), ("total_rate", 10_000)):
            if not 1 <= getattr(self, key) <= most:
                yield Finding((key,), f"must be from 1 to {most}")
        if not 0 <= self.repeat <= 86_400:
            yield Finding(("repeat",), "must be at most 24h")
        yield from at_least(self.expire, Duration(60), "expire")
        if self.max_size < 2**20:
            yield Finding(("max_size",), "must be at least 1MiB")


def _networks(key: str, texts: list[str]) -> Iterator[Finding]:
    for index, text in enumerate(texts):
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            yield Finding((key, index), f"is no network: {error}; write one like 10.0.0.0/8 or fd00::/8")
