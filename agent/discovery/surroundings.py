"""Whom a device sees: the tables of neighbours with the addresses by which they can be managed.

LLDP-MIB (IEEE 802.1AB), CISCO-CDP-MIB, IP-MIB (RFC 4293) for ARP, BRIDGE-MIB (RFC 4188) and Q-BRIDGE-MIB (RFC 4363) for
the ports behind which MACs are. Every table may hold whatever somebody sent the device.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator, Mapping

from agent.discovery.ranges import IpAddress
from agent.snmp.client import Value
from agent.snmp.neighbours import (
    CDP_DEVICE_ID,
    CDP_DEVICE_PORT,
    REM_CHASSIS_ID,
    REM_CHASSIS_SUBTYPE,
    REM_PORT_ID,
    REM_SYS_NAME,
    remote_port,
)
from agent.snmp.profiles.walker import TEXT_REPETITIONS, Columns, Walker
from agent.snmp.text import clean, spell_mac
from core.discovery import FoundNeighbour

LLDP_MANAGEMENT = "1.0.8802.1.1.2.1.4.2.1.3"  # lldpRemManAddrIfSubtype; the address is in the index
CDP_ADDRESS = "1.3.6.1.4.1.9.9.23.1.2.1.1.4"  # cdpCacheAddress
ARP = "1.3.6.1.2.1.4.22.1.2"  # ipNetToMediaPhysAddress; index ifIndex, IPv4 address
NEIGHBOUR_CACHE = "1.3.6.1.2.1.4.35.1.4"  # ipNetToPhysicalPhysAddress; index ifIndex, InetAddressType, InetAddress
FDB_PORT = "1.3.6.1.2.1.17.4.3.1.2"  # dot1dTpFdbPort; index MAC
VLAN_FDB_PORT = "1.3.6.1.2.1.17.7.1.2.2.1.2"  # dot1qTpFdbPort; index VLAN, MAC
BRIDGE_IF_INDEX = "1.3.6.1.2.1.17.1.4.1.2"  # dot1dBasePortIfIndex
LOCAL_CHASSIS = "1.0.8802.1.1.2.1.3.2"  # lldpLocChassisId
BRIDGE_ADDRESS = "1.3.6.1.2.1.17.1.1"  # dot1dBaseBridgeAddress

MOST = 1_000  # rows of one table
MOST_TOLD = 512  # neighbours of one device
_MOST_BEHIND_A_PORT = 2  # a port with more MACs leads to another switch: they are not connected to this one
_LLDP_SUBTYPES = {1: 4, 2: 16}  # AddressFamilyNumbers: IPv4, IPv6
_MAC_SUBTYPE = 4  # LldpChassisIdSubtype


async def read_surroundings(walker: Walker) -> None:
    """Read what `neighbours_of` looks at, besides what `agent.snmp.neighbours` has read."""
    if walker.columns.get(REM_PORT_ID):
        await walker.read_column(LLDP_MANAGEMENT, MOST)
    if walker.columns.get(CDP_DEVICE_ID):
        await walker.read_column(CDP_ADDRESS, MOST)
    for root in (NEIGHBOUR_CACHE, ARP):
        if await walker.read_column(root, MOST):
            break
    for root in (VLAN_FDB_PORT, FDB_PORT):
        if await walker.read_column(root, MOST):
            await walker.read_column(BRIDGE_IF_INDEX, MOST, TEXT_REPETITIONS)
            break


def neighbours_of(columns: Columns, if_names: Mapping[int, str]) -> list[FoundNeighbour]:
    """The neighbours that the tables name, those that say most first, at most `MOST_TOLD`."""
    found = dict.fromkeys(
        (*_lldp(columns, if_names), *_cdp(columns, if_names), *_forwarding(columns, if_names), *_arp(columns, if_names))
    )
    return list(found)[:MOST_TOLD]


def addresses_to_follow(neighbours: list[FoundNeighbour]) -> Iterator[tuple[IpAddress, bool]]:
    """Where neighbours may be asked, and whether the neighbour said itself that it can be managed there."""
    for one in neighbours:
        if one.address is not None:
            yield ipaddress.ip_address(one.address), one.source in ("lldp", "cdp")


def _lldp(columns: Columns, if_names: Mapping[int, str]) -> Iterator[FoundNeighbour]:
    managed = dict(_lldp_addresses(columns))
    for oid in columns.get(REM_PORT_ID, {}):
        index = oid[len(REM_PORT_ID) + 1 :]
        arcs = index.split(".")
        if len(arcs) != 3:
            continue
        chassis = _at(columns, REM_CHASSIS_ID, index)
        is_mac = _at(columns, REM_CHASSIS_SUBTYPE, index) == _MAC_SUBTYPE
        yield FoundNeighbour(
            source="lldp",
            local_port=_port_name(arcs[1], if_names),
            name=clean(_at(columns, REM_SYS_NAME, index)) or None,
            port=remote_port(columns, index) or None,
            address=managed.get(index),
            mac=_mac(chassis) if is_mac else None,
        )


def _lldp_addresses(columns: Columns) -> Iterator[tuple[str, str]]:
    """lldpRemManAddrTable: index lldpRemTimeMark, lldpRemLocalPortNum, lldpRemIndex, subtype, length, octets."""
    for oid in columns.get(LLDP_MANAGEMENT, {}):
        arcs = oid[len(LLDP_MANAGEMENT) + 1 :].split(".")
        if len(arcs) > 5 and _LLDP_SUBTYPES.get(int(arcs[3])) == int(arcs[4]) == len(arcs) - 5:
            address = _address(arcs[5:])
            if address is not None:
                yield ".".join(arcs[:3]), address


def _cdp(columns: Columns, if_names: Mapping[int, str]) -> Iterator[FoundNeighbour]:
    for oid in columns.get(CDP_DEVICE_ID, {}):
        index = oid[len(CDP_DEVICE_ID) + 1 :]
        octets = _at(columns, CDP_ADDRESS, index)
        yield FoundNeighbour(
            source="cdp",
            local_port=_port_name(index.partition(".")[0], if_names),
            name=clean(_at(columns, CDP_DEVICE_ID, index)) or None,
            port=clean(_at(columns, CDP_DEVICE_PORT, index)) or None,
            address=_address(list(map(str, octets))) if isinstance(octets, bytes) else None,
        )


def _arp(columns: Columns, if_names: Mapping[int, str]) -> Iterator[FoundNeighbour]:
    rows: list[tuple[str, list[str], Value]] = []
    for oid, value in columns.get(NEIGHBOUR_CACHE, {}).items():
        index = oid[len(NEIGHBOUR_CACHE) + 1 :].split(".")
        if len(index) > 3 and _LLDP_SUBTYPES.get(int(index[1])) == int(index[2]) == len(index) - 3:
            rows.append((index[0], index[3:], value))
    for oid, value in columns.get(ARP, {}).items():
        index = oid[len(ARP) + 1 :].split(".")
        rows.append((index[0], index[1:], value))
    for port, octets, value in rows:
        address = _address(octets)
        if address is not None and (mac := _mac(value)):
            yield FoundNeighbour(source="arp", local_port=_port_name(port, if_names), address=address, mac=mac)


def _forwarding(columns: Columns, if_names: Mapping[int, str]) -> Iterator[FoundNeighbour]:
    """Who is alone, or nearly, behind a port of a bridge: those are connected to it."""
    bridge = {oid.rpartition(".")[2]: value for oid, value in columns.get(BRIDGE_IF_INDEX, {}).items()}
    behind: dict[str, None] = {}
    seen: list[tuple[str, int]] = []
    for root in (VLAN_FDB_PORT, FDB_PORT):
        for oid, port in columns.get(root, {}).items():
            octets = oid.split(".")[-6:]
            if isinstance(port, int) and port > 0 and all(int(one) < 256 for one in octets):
                seen.append((bytes(map(int, octets)).hex(":"), port))
    known = dict.fromkeys(seen)
    crowded = Counter(port for _, port in known)
    for mac, port in known:
        if crowded[port] <= _MOST_BEHIND_A_PORT and mac not in behind:
            behind[mac] = None
            yield FoundNeighbour(source="fdb", local_port=_port_name(str(bridge.get(str(port), "")), if_names), mac=mac)


def _at(columns: Columns, root: str, index: str) -> Value:
    return columns.get(root, {}).get(f"{root}.{index}")


def _mac(value: Value) -> str | None:
    return spell_mac(value).lower() if isinstance(value, bytes) and len(value) == 6 else None


def _port_name(number: str, if_names: Mapping[int, str]) -> str | None:
    return if_names.get(int(number)) if number.isdigit() else None


def _address(octets: list[str]) -> str | None:
    """A unicast address beyond the link; None for all others, and for what is none."""
    try:
        address = ipaddress.ip_address(bytes(map(int, octets)))
    except ValueError:
        return None
    is_one = not (address.is_multicast or address.is_unspecified or address.is_link_local)
    return str(address) if is_one else None
