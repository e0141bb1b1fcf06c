"""Sections of `probes` about the network: `tcp`, `tls`, `udp`, `icmp`, `dns`, `ntp`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from agent.config.limits import at_least
from agent.config.probe_base import ServiceSection, TlsSection, expression, expressions, spoken
from agent.probes.dns_message import encode_name
from core.config import Duration, Finding


class TcpProbe(TlsSection, kw_only=True, frozen=True):
    r"""A TCP service; `send` knows \r \n \t \0 \\ and \x00 to \xff, `expect` is an RE2 expression."""

    type: Literal["tcp"]
    tls: bool = False
    send: str = ""
    expect: str | None = None

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        yield from spoken(self.send)
        if self.expect is not None:
            yield from expression(self.expect, ("expect",))


class TlsProbe(TlsSection, kw_only=True, frozen=True):
    """A TLS handshake and the certificates of the server."""

    type: Literal["tls"]
    default_port = 443


class UdpProbe(ServiceSection, kw_only=True, frozen=True):
    """A UDP service; `send` and `expect` as for TCP. Any answer is right without `expect`."""

    type: Literal["udp"]
    send: str = ""
    expect: str | None = None

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        yield from spoken(self.send)
        if self.expect is not None:
            yield from expression(self.expect, ("expect",))


class IcmpProbe(ServiceSection, kw_only=True, frozen=True):
    """Echo requests: `packets` of them, `spacing` apart, `size` bytes of payload each."""

    type: Literal["icmp"]
    packets: int = 5
    spacing: Duration = Duration(0.2)
    size: int = 56
    default_port = 0

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        if not 1 <= self.packets <= 100:
            yield Finding(("packets",), f"must be from 1 to 100, not {self.packets}")
        if not 8 <= self.size <= 65_000:
            yield Finding(("size",), f"must be from 8 to 65000, not {self.size}")
        yield from at_least(self.spacing, Duration(0.01), "spacing")
        if (self.packets - 1) * self.spacing >= (self.timeout or 10):
            message = f"{self.packets} packets {self.spacing!r} apart do not fit into the timeout"
            yield Finding(("spacing",), message)


class DnsProbe(ServiceSection, kw_only=True, frozen=True):
    """A name server and a question; expectations are RE2 expressions over records as zone files write them."""

    type: Literal["dns"]
    query: str
    record: Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"] = "A"
    protocol: Literal["udp", "tcp"] = "udp"
    recursion: bool = True
    expect_rcode: Literal["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"] = "NOERROR"
    expect_answers: list[str] = []
    reject_answers: list[str] = []
    default_port = 53

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        try:
            encode_name(self.query)
        except ValueError as error:
            yield Finding(("query",), str(error))
        yield from expressions(self.expect_answers, "expect_answers")
        yield from expressions(self.reject_answers, "reject_answers")


class NtpProbe(ServiceSection, kw_only=True, frozen=True):
    """A time server."""

    type: Literal["ntp"]
    default_port = 123
