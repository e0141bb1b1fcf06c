"""What class of device it is, by what any device says of itself; profiles know better where there is one.

What counts, in this order: MIBs that only one class has, words of sysDescr, whether it bridges or forwards, and the
layers of sysServices (RFC 3418: 2^(layer-1); 1 repeater, 2 bridge, 4 router, 64 host).
"""

from __future__ import annotations

import re

from agent.snmp import oids
from agent.snmp.client import Rows

CLASSES = (
    "switch", "router", "firewall", "load_balancer", "wireless_controller", "access_point", "server", "hypervisor",
    "storage", "ups", "pdu", "cooling", "environment", "camera", "printer", "appliance", "other",
)  # fmt: skip

_BRIDGE, _ROUTER, _HOST = 2, 4, 64
_FORWARDS = 1  # ipForwarding

# The first that is found decides; from what is said on purpose to what may be said by the way.
_WORDS = tuple(
    (re.compile(pattern, re.IGNORECASE), found)
    for pattern, found in (
        (r"\b(wireless|wlan|wifi|mobility|access)[ -]*(lan[ -]*)?controller|\bwlc\d*|\bWac\b", "wireless_controller"),
        (r"\baccess point\b|\bwireless ap\b", "access_point"),
        (r"\bload[ -]?balanc|\badc\b|application delivery", "load_balancer"),
        (r"\bfirewall\b|\bngfw|\butm\b|防火墙", "firewall"),
        (r"\bpdu\b|power distribution|power switch|\bATS\b|transfer switch|webpower", "pdu"),
        (r"\bups\b|uninterrupt", "ups"),
        (r"air[ -]?condition|\bcooling\b|\bcrac\b|\bhvac\b", "cooling"),
        (r"temp(erature)?[ -]?sensor|\bhumidity\b|environment(al)? monitor|IPSensor", "environment"),
        (r"\bip ?cam|\bcamera\b|\bnvr\b|\bdvr\b|video recorder|network video", "camera"),
        (r"\bprinter\b|laserjet|officejet|deskjet|\bjetdirect\b", "printer"),
        (r"\besxi?\b|vmware|hypervisor|\bxenserver\b|proxmox", "hypervisor"),
        (r"\bstorage\b|\bnas\b|\bsan\b array|disk array|\bisilon\b|\bontap\b", "storage"),
        (r"\bswitch\b", "switch"),
        (r"\brouter\b|routing platform", "router"),
        (r"\blinux\b|\bwindows\b|\bfreebsd\b|\bsolaris\b|\bsunos\b|\baix\b|\bhp-ux\b|\bdarwin\b", "server"),
    )
)


def device_class(system: Rows, signs: Rows, descr: str) -> str:
    """The class of a device that no profile knows.

    Args:
        system: objects of the system group.
        signs: objects of `oids.CLASS_SIGNS` that the device has.
        descr: its sysDescr, cleaned.
    """
    if oids.UPS_IDENT_MANUFACTURER in signs or oids.UPS_BATTERY_STATUS in signs:
        return "ups"
    if oids.PRT_GENERAL_CONFIG_CHANGES in signs:
        return "printer"
    told = next((found for pattern, found in _WORDS if pattern.search(descr)), None)
    if told is not None:
        return told
    return _by_layers(system.get(oids.SYS_SERVICES), signs)


def _by_layers(services: object, signs: Rows) -> str:
    layers = services if type(services) is int else 0
    ports = signs.get(oids.DOT1D_BASE_NUM_PORTS)
    if type(ports) is int and ports > 1:
        return "switch"
    if layers & _ROUTER or (signs.get(oids.IP_FORWARDING) == _FORWARDS and not layers & _HOST):
        return "router"
    if layers & _BRIDGE:
        return "switch"
    return "server" if oids.HR_MEMORY_SIZE in signs else "other"
