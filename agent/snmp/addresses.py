"""The addresses of a device's interfaces (IP-MIB, RFC 4293, and what came before it)."""

from __future__ import annotations

import ipaddress

from agent.snmp import oids
from agent.snmp.client import Rows

_UNICAST = 1
_OCTETS = {1: 4, 2: 16, 3: 8, 4: 20}  # InetAddressType: ipv4, ipv6, and both with a zone of four octets

Addresses = dict[int, list[str]]


def parse_addresses(old: Rows, new: Rows, kinds: Rows) -> Addresses:
    """The unicast addresses of each interface.

    Args:
        old: rows of ipAdEntIfIndex (IPv4 only; deprecated, but everywhere).
        new: rows of ipAddressIfIndex.
        kinds: rows of ipAddressType; broadcast and anycast are left out.
    """
    found: dict[int, set[str]] = {}
    for oid, index in old.items():
        address = _address(bytes_of(oid, oids.IP_AD_ENT_IF_INDEX))
        if address is not None and isinstance(index, int):
            found.setdefault(index, set()).add(address)
    for oid, index in new.items():
        suffix = oid[len(oids.IP_ADDRESS_IF_INDEX) :]
        if kinds.get(oids.IP_ADDRESS_TYPE + suffix, _UNICAST) != _UNICAST:
            continue
        address = _inet_address(bytes_of(oid, oids.IP_ADDRESS_IF_INDEX))
        if address is not None and isinstance(index, int):
            found.setdefault(index, set()).add(address)
    return {index: sorted(addresses) for index, addresses in found.items()}


def bytes_of(oid: str, root: str) -> bytes:
    """The index part of a row's OID as octets; empty when an arc is none."""
    arcs = [int(arc) for arc in oid[len(root) + 1 :].split(".") if arc]
    return bytes(arcs) if all(arc < 256 for arc in arcs) else b""


def _address(octets: bytes) -> str | None:
    try:
        return str(ipaddress.ip_address(octets))
    except ValueError:
        return None


def _inet_address(index: bytes) -> str | None:
    """An address from InetAddressType, length and octets; a zone is dropped, it means something on the device only."""
    if len(index) < 2 or _OCTETS.get(index[0]) != index[1] or len(index) != index[1] + 2:
        return None
    return _address(index[2:6] if index[0] in (1, 3) else index[2:18])
