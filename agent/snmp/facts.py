"""Facts of an SNMP device: who it is, what it has, which addresses it answers to."""

from __future__ import annotations

import re

from agent.facts.address import is_reachable
from agent.facts.naming import host_name
from agent.snmp import oids
from agent.snmp.client import Rows
from agent.snmp.identity import identify
from agent.snmp.interfaces import Interface, is_up
from agent.snmp.reading import Reading
from agent.snmp.target import Target, spell_endpoint
from agent.snmp.text import clean
from core.facts import Facts, InterfaceFacts

_SNMP_PORT = 161
_FQDN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.IGNORECASE)


def make_facts(target: Target, reading: Reading, *, states: Rows) -> Facts:
    """The facts as the report wants them.

    Args:
        target: the device as the agent addresses it.
        reading: its last full reading.
        states: the newest ifAdminStatus and ifOperStatus objects.
    """
    system, addresses = reading.system, reading.addresses
    name = host_name(clean(system.get(oids.SYS_NAME)))
    up_time = system.get(oids.SYS_UP_TIME)
    who = identify(system, reading.chassis, reading.profile)
    return Facts(
        name=name,
        fqdn=name.lower() if name and _FQDN.fullmatch(name) else None,
        serial_number=who.serial_number,
        vendor=who.vendor,
        model=who.model,
        os_name=who.os_name,
        os_version=who.os_version,
        device_class=who.device_class,
        management_address=target.address if target.port == _SNMP_PORT else spell_endpoint(target.address, target.port),
        sys_object_id=clean(system.get(oids.SYS_OBJECT_ID)) or None,
        sys_descr=clean(system.get(oids.SYS_DESCR)) or None,
        location=clean(system.get(oids.SYS_LOCATION)) or None,
        contact=clean(system.get(oids.SYS_CONTACT)) or None,
        uptime_seconds=up_time / 100 if isinstance(up_time, int) else None,
        interfaces=interface_facts(reading, states),
        addresses=sorted({address for of in addresses.values() for address in of if is_reachable(address)}),
    )  # fmt: skip


def interface_facts(reading: Reading, states: Rows) -> list[InterfaceFacts]:
    """Each interface of a device."""
    interfaces = reading.inventory.interfaces.values()
    return [_interface(of, reading.addresses.get(of.index, []), states) for of in interfaces]


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
