"""The section `probes` of `agent.yaml`: one entry a service that is looked at, told apart by `type`."""

from __future__ import annotations

from agent.config.probe_network import DnsProbe, IcmpProbe, NtpProbe, TcpProbe, TlsProbe, UdpProbe
from agent.config.probe_services import ExecProbe, GreetingProbe, MysqlProbe, PostgresqlProbe, RedisProbe
from agent.config.probe_web import HttpProbe, ScrapeProbe

# What is looked at for a verdict: job `probe`. The others have jobs of their own.
CheckSection = (
    HttpProbe
    | TcpProbe
    | TlsProbe
    | UdpProbe
    | IcmpProbe
    | DnsProbe
    | NtpProbe
    | GreetingProbe
    | PostgresqlProbe
    | MysqlProbe
    | RedisProbe
)
AnyProbe = CheckSection | ExecProbe | ScrapeProbe

__all__ = [
    "AnyProbe",
    "CheckSection",
    "DnsProbe",
    "ExecProbe",
    "GreetingProbe",
    "HttpProbe",
    "IcmpProbe",
    "MysqlProbe",
    "NtpProbe",
    "PostgresqlProbe",
    "RedisProbe",
    "ScrapeProbe",
    "TcpProbe",
    "TlsProbe",
    "UdpProbe",
]
