"""Who a device is: from its profile, ENTITY-MIB, its enterprise number and sysDescr, the surest first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agent.facts.smbios import meaningful
from agent.snmp import oids
from agent.snmp.client import Rows, Value
from agent.snmp.device_class import CLASSES, device_class
from agent.snmp.enterprises import vendor_of
from agent.snmp.profiles.reading import ProfileReading
from agent.snmp.text import clean

# (name of the system, expression with its version as the group); the first that fits has it.
_SYSTEMS = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("Windows", r"Software: Windows .*?Version (\S+)"),
        ("Linux", r"^(?:Hardware: .*)?Linux \S+ (\d[\w.\-+]*)"),
        ("Linux", r"\bLinux (\d[\w.\-+]*)"),
        ("FreeBSD", r"\bFreeBSD (?:\S+ )?(\d[\w.\-]*)"),
        ("SunOS", r"\bSunOS \S+ (\d[\w.]*)"),
        ("VMware ESXi", r"VMware ESXi? (\d[\w.]*)"),
        ("Darwin", r"\bDarwin \S+ (\d[\w.]*)"),
    )
)
_VERSION = re.compile(
    r"\b(?:[Ss]oft[Ww]are\s+)?(?:[Vv]ersion|[Vv]er\.?|[Rr]elease|[Ff]irmware)[:\s]+[Vv]?(\d[\w.()\-]*)"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a device is; None for what it does not say.

    Attributes:
        profile: the name of its profile; None when no profile is made for it.
    """

    vendor: str | None = None
    model: str | None = None
    os_name: str | None = None
    os_version: str | None = None
    serial_number: str | None = None
    device_class: str | None = None
    profile: str | None = None


def identify(system: Rows, chassis: Rows, found: ProfileReading) -> Identity:
    """What the objects of a device say of it.

    Args:
        system: the system group.
        chassis: of `agent.snmp.chassis.read_chassis`.
        found: what its profile found.
    """
    told = found.told
    descr = clean(system.get(oids.SYS_DESCR), 1024)
    os_name, os_version = _system(descr)
    return Identity(
        vendor=told.get("vendor")
        or vendor_of(clean(system.get(oids.SYS_OBJECT_ID)))
        or _known(chassis.get(oids.ENT_PHYSICAL_MFG_NAME)),
        model=_said(told, "model") or _known(chassis.get(oids.ENT_PHYSICAL_MODEL_NAME)),
        os_name=_said(told, "os_name") or os_name,
        os_version=_said(told, "os_version") or _known(chassis.get(oids.ENT_PHYSICAL_SOFTWARE_REV)) or os_version,
        serial_number=_said(told, "serial_number") or _known(chassis.get(oids.ENT_PHYSICAL_SERIAL_NUM)),
        device_class=_class(told) or device_class(system, found.signs, descr),
        profile=found.name,
    )


def _said(told: Mapping[str, str], name: str) -> str | None:
    return meaningful(told.get(name))


def _class(told: Mapping[str, str]) -> str | None:
    """A profile may take the class from a text of the device, which may be anything."""
    found = told.get("device_class")
    return found if found in CLASSES else None


def _known(value: Value) -> str | None:
    """A text of the chassis, None for what vendors write where there is nothing."""
    return meaningful(clean(value)) if isinstance(value, bytes) else None


def _system(descr: str) -> tuple[str | None, str | None]:
    """Name and version of the operating system, as far as sysDescr has them in a usual form."""
    for name, pattern in _SYSTEMS:
        match = pattern.search(descr)
        if match is not None:
            return name, match[1]
    version = _VERSION.search(descr)
    return None, version[1] if version else None
