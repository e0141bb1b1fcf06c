"""Addresses and names as people and devices write them, brought to one spelling."""

from __future__ import annotations

import ipaddress
import re

SNMP_PORT = 161

_BRACKETED = re.compile(r"\[([^\[\]]+)\](?::(\d{1,5}))?")
_HOST_PORT = re.compile(r"([^:\s]+):(\d{1,5})")
_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*")
_LOCAL_NAMES = frozenset({"localhost", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"})

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def split_port(text: str) -> tuple[str, int | None]:
    """Host and port of `host:port`, `[v6]:port`, a bare host or a bare IPv6 address; port None when not given."""
    text = text.strip()
    match = _BRACKETED.fullmatch(text) or _HOST_PORT.fullmatch(text)
    if match is None or (match[2] is not None and int(match[2]) > 65535):
        return text, None
    return match[1], int(match[2]) if match[2] else None


def parse_ip(host: str) -> IpAddress | None:
    """The IP address, an IPv4-mapped one as IPv4; None when the host is a name or the address has a zone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return None if address.scope_id else address.ipv4_mapped or address
    return address


def host_name(text: str) -> str | None:
    """A host name in lower case without the final dot; None when it is none or names the machine itself."""
    name = text.strip().lower().removesuffix(".")
    if not _HOST_NAME.fullmatch(name) or parse_ip(name) is not None:
        return None
    return None if is_local_name(name) else name


def is_local_name(name: str) -> bool:
    """Whether the name means "this machine" on every machine."""
    return name.lower() in _LOCAL_NAMES or name.lower().endswith((".localdomain", ".localhost"))


def spell(host: str, port: int | None) -> str:
    """`host`, `host:port` or `[v6]:port`."""
    if port is None:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def management_address(text: str, *, default_port: int = SNMP_PORT) -> str | None:
    """The one spelling of an address that a thing is managed by, without the default port.

    None when it identifies nothing: no address or host name at all, unspecified, multicast or link-local,
    or this machine itself (loopback, localhost) on the default port. `localhost:1161` is `127.0.0.1:1161`.
    """
    host, port = split_port(text)
    port = None if port in (default_port, 0) else port
    if is_local_name(host):
        host = "127.0.0.1"
    address = parse_ip(host)
    if address is None:
        name = host_name(host)
        return None if name is None else spell(name, port)
    if address.is_unspecified or address.is_multicast or address.is_link_local:
        return None
    if address.is_loopback and port is None:
        return None
    return spell(str(address), port)
