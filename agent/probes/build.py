"""The check that a section of `probes` asks for; what a type needs is imported when the configuration has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agent.config import parse_address
from agent.config.probe_base import ServiceSection, TlsSection, unescape
from agent.config.probes import (
    CheckSection,
    DnsProbe,
    GreetingProbe,
    HttpProbe,
    IcmpProbe,
    MysqlProbe,
    NtpProbe,
    PostgresqlProbe,
    RedisProbe,
    ScrapeProbe,
    TcpProbe,
    TlsProbe,
    UdpProbe,
)
from agent.probes.certificates import Trust
from agent.probes.check import Check
from agent.probes.wire import Endpoint
from core.clock import Clock

if TYPE_CHECKING:
    from agent.probes.http import HttpSettings


def check_of(section: CheckSection, clock: Clock, seconds: float) -> Check:
    """What looks at the section's target within so many seconds."""
    return CHECKS[type(section)](section, clock, seconds)


def _endpoint(section: ServiceSection, trust: Trust | None = None) -> Endpoint:
    host, port = parse_address(section.target, default_port=section.default_port or 0)
    return Endpoint(host, port, section.ip_version, trust)


def _trust(section: TlsSection | HttpProbe | ScrapeProbe) -> Trust:
    return Trust(section.ca_file, section.server_name, section.verify)


def scrape_settings(section: ScrapeProbe) -> HttpSettings:
    """How an endpoint is asked."""
    from agent.probes.http import HttpSettings  # noqa: PLC0415
    from agent.probes.scrape import ACCEPT  # noqa: PLC0415

    return HttpSettings(
        url=section.url,
        headers=(("accept", ACCEPT), ("accept-encoding", "gzip"), *_headers(section)),
        max_body=section.max_body,
        ip_version=section.ip_version,
        trust=_trust(section),
    )


def _headers(section: HttpProbe | ScrapeProbe) -> tuple[tuple[str, str], ...]:
    from agent.probes.http import basic  # noqa: PLC0415

    headers: list[tuple[str, str]] = [(name, str(value)) for name, value in section.headers.items()]
    if section.username is not None and section.password is not None:
        headers.append(("authorization", basic(section.username, section.password)))
    if section.bearer_token is not None:
        headers.append(("authorization", f"Bearer {section.bearer_token!s}"))
    return tuple(headers)


def _http(section: HttpProbe, _clock: Clock, _seconds: float) -> Check:
    from agent.probes.http import HttpCheck, HttpSettings  # noqa: PLC0415

    settings = HttpSettings(
        url=section.url,
        method=section.method,
        headers=_headers(section),
        body=section.body.encode(),
        expect_status=frozenset(section.expect_status),
        expect_body=tuple(section.expect_body),
        reject_body=tuple(section.reject_body),
        expect_headers=tuple(section.expect_headers.items()),
        expect_url=section.expect_url,
        follow_redirects=section.follow_redirects,
        max_redirects=section.max_redirects,
        max_body=section.max_body,
        ip_version=section.ip_version,
        trust=_trust(section),
    )
    return HttpCheck(settings)


def _tcp(section: TcpProbe, _clock: Clock, _seconds: float) -> Check:
    from agent.probes.tcp import TcpCheck  # noqa: PLC0415

    endpoint = _endpoint(section, _trust(section) if section.tls else None)
    return TcpCheck(endpoint, send=unescape(section.send), expect=section.expect)


def _tls(section: TlsProbe, _clock: Clock, _seconds: float) -> Check:
    from agent.probes.tcp import TcpCheck  # noqa: PLC0415

    return TcpCheck(_endpoint(section, _trust(section)))


def _icmp(section: IcmpProbe, clock: Clock, seconds: float) -> Check:
    from agent.probes.icmp import IcmpCheck  # noqa: PLC0415

    spacing = float(section.spacing)
    # What is left of the time limit is for the last reply; looking the name up comes out of it too.
    wait = min(max(seconds * 0.9 - section.packets * spacing, 0.05), 2.0)
    return IcmpCheck(
        _endpoint(section),
        clock,
        packets=section.packets,
        spacing_seconds=spacing,
        wait_seconds=wait,
        size=section.size,
    )


def _dns(section: DnsProbe, _clock: Clock, _seconds: float) -> Check:
    from agent.probes.dns import DnsCheck, DnsSettings  # noqa: PLC0415

    settings = DnsSettings(
        query=section.query,
        record=section.record,
        protocol=section.protocol,
        recursion=section.recursion,
        expect_rcode=section.expect_rcode,
        expect_answers=tuple(section.expect_answers),
        reject_answers=tuple(section.reject_answers),
    )
    return DnsCheck(_endpoint(section), settings)


def _udp(section: UdpProbe, _clock: Clock, _seconds: float) -> Check:
    from agent.probes.udp import UdpCheck  # noqa: PLC0415

    return UdpCheck(_endpoint(section), send=unescape(section.send), expect=section.expect)


def _ntp(section: NtpProbe, _clock: Clock, _seconds: float) -> Check:
    from agent.probes.ntp import NtpCheck  # noqa: PLC0415

    return NtpCheck(_endpoint(section))


def _greeting(section: GreetingProbe, _clock: Clock, _seconds: float) -> Check:
    from agent.probes.greeting import GreetingCheck  # noqa: PLC0415

    endpoint = _endpoint(section, _trust(section) if section.tls else None)
    upgrade = _trust(section) if section.starttls else None
    return GreetingCheck(endpoint, section.type, upgrade=upgrade, expect=section.expect)


def _postgresql(section: PostgresqlProbe, _clock: Clock, _seconds: float) -> Check:
    from agent.probes.databases import PostgresqlCheck  # noqa: PLC0415

    trust = _trust(section) if section.tls else None
    return PostgresqlCheck(_endpoint(section), trust=trust, username=section.user, database=section.database)


def _mysql(section: MysqlProbe, _clock: Clock, _seconds: float) -> Check:
    from agent.probes.databases import MysqlCheck  # noqa: PLC0415

    return MysqlCheck(_endpoint(section))


def _redis(section: RedisProbe, _clock: Clock, _seconds: float) -> Check:
    from agent.probes.redis import RedisCheck  # noqa: PLC0415

    endpoint = _endpoint(section, _trust(section) if section.tls else None)
    password = None if section.password is None else str(section.password)
    return RedisCheck(endpoint, username=section.username, password=password)


# The types of `probes`, each with what makes its check.
CHECKS: dict[type[CheckSection], Callable[[Any, Clock, float], Check]] = {
    HttpProbe: _http,
    TcpProbe: _tcp,
    TlsProbe: _tls,
    UdpProbe: _udp,
    IcmpProbe: _icmp,
    DnsProbe: _dns,
    NtpProbe: _ntp,
    GreetingProbe: _greeting,
    PostgresqlProbe: _postgresql,
    MysqlProbe: _mysql,
    RedisProbe: _redis,
}
