"""Who is on the other end of a device's cables: LLDP-MIB (IEEE 802.1AB) and CISCO-CDP-MIB."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from agent.snmp.client import Rows
from agent.snmp.profiles.walker import TEXT_REPETITIONS, Columns, Walker
from agent.snmp.text import clean, spell_mac

_LLDP_LOCAL = "1.0.8802.1.1.2.1.3.7.1."  # lldpLocPortEntry; index lldpLocPortNum
_LLDP_REMOTE = "1.0.8802.1.1.2.1.4.1.1."  # lldpRemEntry; index lldpRemTimeMark, lldpRemLocalPortNum, lldpRemIndex
_CDP = "1.3.6.1.4.1.9.9.23.1.2.1.1."  # cdpCacheEntry; index cdpCacheIfIndex, cdpCacheDeviceIndex

_LOC_PORT_SUBTYPE, _LOC_PORT_ID, _LOC_PORT_DESC = _LLDP_LOCAL + "2", _LLDP_LOCAL + "3", _LLDP_LOCAL + "4"
REM_CHASSIS_SUBTYPE, REM_CHASSIS_ID = _LLDP_REMOTE + "4", _LLDP_REMOTE + "5"
REM_PORT_SUBTYPE, REM_PORT_ID = _LLDP_REMOTE + "6", _LLDP_REMOTE + "7"
REM_PORT_DESC, REM_SYS_NAME = _LLDP_REMOTE + "8", _LLDP_REMOTE + "9"
CDP_DEVICE_ID, CDP_DEVICE_PORT = _CDP + "6", _CDP + "7"

_CHASSIS_MAC, _PORT_MAC = 4, 3  # LldpChassisIdSubtype, LldpPortIdSubtype: macAddress
_MOST = 1000
_SPELLED_MAC = re.compile(r"(?i)[0-9a-f]{2}([:-][0-9a-f]{2}){5}")


class Neighbour(NamedTuple):
    """One neighbour; None for what it does not say."""

    local_port: str | None
    remote_name: str | None
    remote_port: str | None
    protocol: str


async def read_neighbours(walker: Walker, if_names: Mapping[int, str]) -> list[Neighbour]:
    """The neighbours that a device knows, those by LLDP first."""
    if await walker.read_column(REM_PORT_ID, _MOST, TEXT_REPETITIONS):
        for root in (REM_CHASSIS_SUBTYPE, REM_PORT_SUBTYPE, _LOC_PORT_SUBTYPE):
            await walker.read_column(root, _MOST)
        for root in (REM_CHASSIS_ID, REM_PORT_DESC, REM_SYS_NAME, _LOC_PORT_ID, _LOC_PORT_DESC):
            await walker.read_column(root, _MOST, TEXT_REPETITIONS)
    if await walker.read_column(CDP_DEVICE_ID, _MOST, TEXT_REPETITIONS):
        await walker.read_column(CDP_DEVICE_PORT, _MOST, TEXT_REPETITIONS)
    return [*lldp_neighbours(walker.columns, if_names), *cdp_neighbours(walker.columns, if_names)]


def lldp_neighbours(columns: Columns, if_names: Mapping[int, str]) -> list[Neighbour]:
    """The rows of lldpRemTable; several rows of one neighbour on one port are one."""
    found: dict[Neighbour, None] = {}
    for oid in columns.get(REM_PORT_ID, {}):
        index = oid[len(REM_PORT_ID) + 1 :]
        arcs = index.split(".")
        if len(arcs) != 3:
            continue
        name = _text(columns, REM_SYS_NAME, index) or _id(
            columns, REM_CHASSIS_ID, REM_CHASSIS_SUBTYPE, _CHASSIS_MAC, index
        )
        port = remote_port(columns, index)
        described = _text(columns, REM_PORT_DESC, index)
        remote = described if described and (not port or port.isdigit() or ":" in port) else port
        found[Neighbour(_lldp_port(columns, arcs[1], if_names), name or None, remote or None, "lldp")] = None
    return list(found)


def cdp_neighbours(columns: Columns, if_names: Mapping[int, str]) -> list[Neighbour]:
    """The rows of cdpCacheTable."""
    found: dict[Neighbour, None] = {}
    for oid in columns.get(CDP_DEVICE_ID, {}):
        index = oid[len(CDP_DEVICE_ID) + 1 :]
        local = index.partition(".")[0]
        name, port = (_cdp_text(columns, root, index) for root in (CDP_DEVICE_ID, CDP_DEVICE_PORT))
        found[Neighbour(_if_name(local, if_names), name or None, port or None, "cdp")] = None
    return list(found)


def _cdp_text(columns: Columns, root: str, index: str) -> str:
    """A name or port as text; ProCurve, which tells neighbours by LLDP here too, may give an address in octets."""
    value = columns.get(root, {}).get(f"{root}.{index}")
    text = clean(value)
    if isinstance(value, bytes) and len(value) == 6 and (min(value) < 0x20 or "\ufffd" in text):
        return spell_mac(value)
    return text


def remote_port(columns: Columns, index: str) -> str:
    """The neighbour's port in a row of lldpRemTable; empty when it says none."""
    return _id(columns, REM_PORT_ID, REM_PORT_SUBTYPE, _PORT_MAC, index)


def _lldp_port(columns: Columns, number: str, if_names: Mapping[int, str]) -> str | None:
    """The local port as the device calls it: its id where that is a name, otherwise the description or ifName."""
    own = _id(columns, _LOC_PORT_ID, _LOC_PORT_SUBTYPE, _PORT_MAC, number)
    described = _text(columns, _LOC_PORT_DESC, number)
    if own in if_names.values():
        return own
    if own.isdigit() and int(own) in if_names:
        return if_names[int(own)]
    readable = own if own and own.isprintable() and "\ufffd" not in own and not own.isdigit() else ""
    if _SPELLED_MAC.fullmatch(readable):  # NX-OS: a port's address says to nobody which port it is
        named = described if described in if_names.values() else _if_name(number, if_names)
        return named or described or readable
    return readable or described or _if_name(number, if_names)


def _if_name(index: str, if_names: Mapping[int, str]) -> str | None:
    return if_names.get(int(index)) if index.isdigit() else None


def _text(columns: Columns, root: str, index: str) -> str:
    return clean(columns.get(root, {}).get(f"{root}.{index}"))


def _id(columns: Columns, root: str, subtype_root: str, mac: int, index: str) -> str:
    """A chassis or port id as text; a link-layer address is spelled as one, unless it is already (NX-OS)."""
    rows: Rows = columns.get(root, {})
    value = rows.get(f"{root}.{index}")
    is_mac = columns.get(subtype_root, {}).get(f"{subtype_root}.{index}") == mac
    if is_mac and not _SPELLED_MAC.fullmatch(clean(value)):
        return spell_mac(value)
    return clean(value)
