"""What an agent reports about a sweep: the wire types of `POST /api/v1/agents/discoveries`, and what makes two one.

All text comes from devices and is hostile until shown escaped; whoever takes a report bounds it.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from core.facts import Facts

Evidence = Literal["icmp", "snmp", "tcp"]
NeighbourSource = Literal["lldp", "cdp", "arp", "fdb"]

# Strongest first; what stands behind the colon is normalised.
_KINDS = ("serial", "engine", "chassis", "macs", "name")
_LOCAL_MAC = 0x02  # the bit of the first octet that says: given by software, such as a virtual router's
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")


class FoundNeighbour(msgspec.Struct, kw_only=True, frozen=True):
    """Somebody whom a device sees; None for what it does not say.

    Attributes:
        address: an IP address by which the neighbour can be managed, as far as the device knows one.
        mac: in lower case with colons.
    """

    source: NeighbourSource
    local_port: str | None = None
    name: str | None = None
    port: str | None = None
    address: str | None = None
    mac: str | None = None


class FoundDevice(msgspec.Struct, kw_only=True):
    """One thing that a sweep found, whichever of its addresses it was found by.

    Attributes:
        addresses: where it answered, the first being the one it was read by.
        found_by: the best that it answered: `snmp`, else `tcp`, else `icmp`.
        credential: the name, never the content, of what opened it; None without SNMP.
        port: the UDP port of SNMP.
        engine_id: snmpEngineID in hexadecimal.
        chassis_id: lldpLocChassisId, or dot1dBaseBridgeAddress as a MAC.
        open_ports: TCP ports that took a connection.
        facts: what it says of itself; for a host without SNMP a guess of its class at most.
    """

    addresses: list[str]
    found_by: Evidence
    facts: Facts
    credential: str | None = None
    port: int = 161
    profile: str | None = None
    engine_id: str | None = None
    chassis_id: str | None = None
    open_ports: list[int] = []
    neighbours: list[FoundNeighbour] = []


class SweepReport(msgspec.Struct, kw_only=True):
    """A part of a sweep's result; times are RFC 3339.

    Attributes:
        sweep: the same in all parts of one sweep.
        finished: set in the last part of a sweep that went through all its networks: what is in them and in none of
            the parts was not there. A sweep of single devices never sets it.
        networks: what was swept, as `FIRST-LAST` ranges.
    """

    agent: str
    sweep: str
    started_at: str
    sent_at: str
    finished: bool = False
    networks: list[str] = []
    devices: list[FoundDevice] = []


def identities(device: FoundDevice) -> list[str]:
    """What tells the device from all others, the strongest first; empty for one that only answers a ping.

    A serial number counts with its vendor. An engine ID alone does not: cloned systems share it; and neither does a
    name. MACs count as a set, and only those that a maker gave.
    """
    facts = device.facts
    name = (facts.name or "").casefold()
    macs = sorted({one.mac for one in facts.interfaces if one.mac and _is_given_by_maker(one.mac)})
    found = {
        "serial": facts.serial_number and f"{(facts.vendor or '').casefold()}/{facts.serial_number.casefold()}",
        "engine": device.engine_id and name and f"{device.engine_id}/{name}",
        "chassis": device.chassis_id and name and f"{device.chassis_id.casefold()}/{name}",
        "macs": ",".join(macs) if len(macs) > 1 else "",
        "name": name and facts.sys_object_id and f"{name}/{facts.sys_object_id}/{device.addresses[0]}",
    }
    return [f"{kind}:{found[kind]}" for kind in _KINDS if found[kind]]


def contradict(one: FoundDevice, other: FoundDevice) -> bool:
    """Whether two cannot be one device, whatever else they share: each has a serial number of its own."""
    first, second = one.facts.serial_number, other.facts.serial_number
    return first is not None and second is not None and first.casefold() != second.casefold()


def _is_given_by_maker(mac: str) -> bool:
    if not _MAC.fullmatch(mac) or not mac.strip("0:"):
        return False
    return not int(mac[:2], 16) & (_LOCAL_MAC | 1)
