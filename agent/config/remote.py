"""What of `agent.yaml` is about the collector's word, and about the agent's own appetite."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Literal

from core.config import Finding, Section, Share, Size

RemoteKind = Literal[
    "snmp", "http", "tcp", "tls", "udp", "icmp", "dns", "ntp", "smtp", "imap", "pop3", "ftp", "ssh", "postgresql",
    "mysql", "redis", "scrape", "exec",
]  # fmt: skip

# All but programs: a collector that somebody took over must not mean code on every host.
USUAL_KINDS: tuple[RemoteKind, ...] = (
    "snmp", "http", "tcp", "tls", "udp", "icmp", "dns", "ntp", "smtp", "imap", "pop3", "ftp", "ssh", "postgresql",
    "mysql", "redis", "scrape",
)  # fmt: skip

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class LimitsConfig(Section, kw_only=True, frozen=True):
    """How much the agent may use before it restrains itself.

    Attributes:
        memory: resident; beyond it caches are dropped, targets read less often, at last the agent starts anew.
        cpu: of one processor, over a minute; beyond it targets are read less often.
    """

    memory: Size = Size(256 * 2**20)
    cpu: Share = Share(0.5)

    def check(self) -> Iterator[Finding]:
        if self.memory < 64 * 2**20:
            yield Finding(("memory",), "must be at least 64MiB")
        if self.cpu < 0.01:
            yield Finding(("cpu",), "must be at least 1%")


def networks(texts: Sequence[str], key: str) -> Iterator[Finding]:
    """Findings about a list of networks."""
    for index, text in enumerate(texts):
        try:
            ipaddress.ip_network(text)
        except ValueError:
            yield Finding((key, index), f"{text!r} is no network; write one like 10.0.0.0/8 or fd00::/8")
