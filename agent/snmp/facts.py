"""Facts of an SNMP device: who it is, what it has, which addresses it answers to."""

from __future__ import annotations

import ipaddress
import re

from agent.facts.address import is_reachable
from agent.facts.naming import host_name
from agent.facts.smbios import meaningful
from agent.snmp import oids
from agent.snmp.client import Rows, Session, Value
from agent.snmp.interfaces import Interface, Inventory, is_up
from agent.snmp.target import Target, spell_endpoint
from agent.snmp.text import clean
from core.facts import Facts, InterfaceFacts

CHASSIS = 3  # PhysicalClass
MOST_ENTITIES = 600  # rows looked through for the chassis; it stands at the front

_SNMP_PORT = 161
_UNICAST = 1
_OCTETS = {1: 4, 2: 16, 3: 8, 4: 20}  # InetAddressType: ipv4, ipv6, and both with a zone of four octets
_ENTITY_COLUMNS = (
    oids.ENT_PHYSICAL_SERIAL_NUM,
    oids.ENT_PHYSICAL_MFG_NAME,
    oids.ENT_PHYSICAL_MODEL_NAME,
    oids.ENT_PHYSICAL_SOFTWARE_REV,
)
_FQDN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.IGNORECASE)

Addresses = dict[int, list[str]]


async def read_chassis(session: Session) -> Rows:
    """The ENTITY-MIB columns of the first chassis; empty where the device has none.

    Raises:
        SnmpError: as `Session.walk`.
    """
    rows: Rows = {}
    await session.walk(
        oids.ENT_PHYSICAL_CLASS, rows, enough=lambda read: CHASSIS in read.values() or len(read) > MOST_ENTITIES
    )
    found = next((oid for oid, value in rows.items() if value == CHASSIS), None)
    if found is None:
        return {}
    row = found.removeprefix(oids.ENT_PHYSICAL_CLASS)
    read = await session.get([column + row for column in _ENTITY_COLUMNS])
    return {oid.removesuffix(row): value for oid, value in read.items()}


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


def make_facts(
    target: Target,
    system: Rows,
    inventory: Inventory,
    addresses: Addresses,
    chassis: Rows,
    *,
    states: Rows,
) -> Facts:
    """The facts as the report wants them.

    Args:
        target: the device as the agent addresses it.
        system: the system group's objects.
        inventory: its interfaces.
        addresses: of `parse_addresses`.
        chassis: of `read_chassis`.
        states: the newest ifAdminStatus and ifOperStatus objects.
    """
    name = host_name(clean(system.get(oids.SYS_NAME)))
    up_time = system.get(oids.SYS_UP_TIME)
    return Facts(
        name=name,
        fqdn=name.lower() if name and _FQDN.fullmatch(name) else None,
        serial_number=_known(chassis.get(oids.ENT_PHYSICAL_SERIAL_NUM)),
        vendor=_known(chassis.get(oids.ENT_PHYSICAL_MFG_NAME)),
        model=_known(chassis.get(oids.ENT_PHYSICAL_MODEL_NAME)),
        os_version=_known(chassis.get(oids.ENT_PHYSICAL_SOFTWARE_REV)),
        management_address=target.address if target.port == _SNMP_PORT else spell_endpoint(target.address, target.port),
        sys_object_id=clean(system.get(oids.SYS_OBJECT_ID)) or None,
        sys_descr=clean(system.get(oids.SYS_DESCR)) or None,
        location=clean(system.get(oids.SYS_LOCATION)) or None,
        contact=clean(system.get(oids.SYS_CONTACT)) or None,
        uptime_seconds=up_time / 100 if isinstance(up_time, int) else None,
        interfaces=[_interface(of, addresses.get(of.index, []), states) for of in inventory.interfaces.values()],
        addresses=sorted({address for of in addresses.values() for address in of if is_reachable(address)}),
    )  # fmt: skip


def _interface(of: Interface, addresses: list[str], states: Rows) -> InterfaceFacts:
    return InterfaceFacts(
        index=of.index,
        name=of.name,
        alias=of.alias,
        descr=of.descr,
        type=of.type,
        mac=of.mac and of.mac.lower(),
        speed_bps=of.speed_bps,
        admin_up=is_up(states, oids.IF_ADMIN_STATUS, of.index),
        oper_up=is_up(states, oids.IF_OPER_STATUS, of.index),
        addresses=addresses,
    )


def _known(value: Value) -> str | None:
    """A text of the chassis, None for what vendors write where there is nothing."""
    return meaningful(clean(value)) if isinstance(value, bytes) else None


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
