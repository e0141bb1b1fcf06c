"""`forewatch agent identify`: one SNMP device, who it is and what it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from agent.snmp import oids
from agent.snmp.client import Rows, open_session
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.facts import interface_facts
from agent.snmp.identity import identify
from agent.snmp.interfaces import Inventory
from agent.snmp.neighbours import Neighbour, read_neighbours
from agent.snmp.profiles.kinds import SENSORS
from agent.snmp.profiles.reading import Chooser, ProfileReading
from agent.snmp.profiles.walker import Errors, Walker
from agent.snmp.reading import Reading, read_device
from agent.snmp.target import Budget, Target
from agent.snmp.text import clean

_LONGEST_DESCR = 1024


class InterfaceShown(msgspec.Struct, kw_only=True):
    """An interface, as `interfaces` shows it."""

    index: int | None
    name: str | None
    alias: str | None
    descr: str | None
    type: str | None
    mac: str | None
    speed_bps: int | None
    admin_up: bool | None
    oper_up: bool | None


class SensorShown(msgspec.Struct, kw_only=True):
    """A sensor; a state has its number as value and no unit. `status`: ok, warning, critical, unknown."""

    kind: str
    name: str
    value: float | None
    unit: str | None
    status: str | None


class Identification(msgspec.Struct, kw_only=True):
    """What `--format json` prints; absent facts are null, absent lists empty."""

    sys_name: str | None
    sys_descr: str | None
    sys_object_id: str | None
    vendor: str | None
    model: str | None
    os_name: str | None
    os_version: str | None
    serial_number: str | None
    device_class: str | None
    profile: str | None
    uptime_seconds: float | None
    interfaces: list[InterfaceShown]
    neighbours: list[dict[str, str | None]]
    sensors: list[SensorShown]


async def ask(target: Target, chooser: Chooser, budget: Budget | None = None) -> tuple[Identification, Errors]:
    """Ask a device for everything; the second value counts what failed on the way, by class.

    Raises:
        SnmpError: the device does not answer, or says nothing about itself.
        ConfigError: its profile cannot be used.
    """
    errors: Errors = Counter()
    async with open_session(target, budget) as session:
        await session.get([oids.SYS_UP_TIME])  # fails with its reason when nobody is there
        reading = await read_device(session, errors, chooser)
        walker = Walker(session, errors, ended=reading.ended or reading.profile.ended)
        neighbours = await read_neighbours(walker, _if_names(reading.inventory))
    if not reading.system and not reading.inventory.interfaces and not reading.profile.rows:
        raise SnmpError(SnmpFailure.NO_SUCH, f"{target.address}: the device answers, but says nothing about itself")
    return _shown(reading, neighbours), errors


def _if_names(inventory: Inventory) -> dict[int, str]:
    names = ((of.index, of.name or of.descr) for of in inventory.interfaces.values())
    return {index: name for index, name in names if name}


def _shown(reading: Reading, neighbours: list[Neighbour]) -> Identification:
    system = reading.system
    up_time = system.get(oids.SYS_UP_TIME)
    who = identify(system, reading.chassis, reading.profile)
    return Identification(
        sys_name=clean(system.get(oids.SYS_NAME)) or None,
        sys_descr=clean(system.get(oids.SYS_DESCR), _LONGEST_DESCR) or None,
        sys_object_id=clean(system.get(oids.SYS_OBJECT_ID)) or None,
        vendor=who.vendor,
        model=who.model,
        os_name=who.os_name,
        os_version=who.os_version,
        serial_number=who.serial_number,
        device_class=who.device_class,
        profile=who.profile,
        uptime_seconds=up_time / 100 if isinstance(up_time, int) else None,
        interfaces=list(_interfaces(reading)),
        neighbours=[neighbour._asdict() for neighbour in neighbours],
        sensors=list(_sensors(reading.profile)),
    )


def _interfaces(reading: Reading) -> Iterator[InterfaceShown]:
    states: Rows = reading.rows
    for facts in interface_facts(reading, states):
        yield InterfaceShown(**{name: getattr(facts, name) for name in InterfaceShown.__struct_fields__})


def _sensors(profile: ProfileReading) -> Iterator[SensorShown]:
    for sensor in profile.inventory.sensors:
        reading = sensor.read(profile.rows)
        if reading is None or (sensor.kind not in SENSORS and reading.status is None):
            continue
        kind = sensor.kind if sensor.kind in SENSORS else "state"
        value = None if reading.value is None else round(reading.value, 3)
        status = str(reading.status) if reading.status else None
        yield SensorShown(kind=kind, name=sensor.name, value=value, unit=sensor.unit, status=status)


def as_json(found: Identification) -> str:
    """One object on one line."""
    return msgspec.json.encode(found).decode() + "\n"


def as_text(found: Identification) -> str:
    """What people read: facts, then a line an interface, a neighbour, a sensor."""
    facts = [name for name in found.__struct_fields__ if not isinstance(getattr(found, name), list)]
    lines = [f"{name:<14} {getattr(found, name)}" for name in facts if getattr(found, name) is not None]
    for one in found.interfaces:
        state = {True: "up", False: "down", None: "?"}[one.oper_up]
        lines.append(f"interface      {one.index} {one.name or one.descr or ''} {state} {one.alias or ''}".rstrip())
    for of in found.neighbours:
        place = f"{of['remote_name'] or '?'} {of['remote_port'] or '?'}"
        lines.append(f"neighbour      {of['local_port'] or '?'} -> {place} ({of['protocol']})")
    for sensor in found.sensors:
        told = [str(part) for part in (sensor.value, sensor.unit, sensor.status) if part is not None]
        lines.append(f"sensor         {sensor.kind} {sensor.name}: {' '.join(told)}")
    return "\n".join(lines) + "\n"
