"""What a device says of itself and of those around it, read once."""

from __future__ import annotations

from collections import Counter

from agent.discovery.knock import SNMP_ENGINE_ID, Opened
from agent.discovery.surroundings import BRIDGE_ADDRESS, LOCAL_CHASSIS, neighbours_of, read_surroundings
from agent.snmp.client import Rows, open_session
from agent.snmp.facts import make_facts
from agent.snmp.neighbours import read_neighbours
from agent.snmp.profiles.reading import Chooser
from agent.snmp.profiles.walker import Walker
from agent.snmp.reading import Errors, read_device
from agent.snmp.target import Budget
from agent.snmp.text import clean, spell_mac
from core.discovery import FoundDevice
from core.facts import InterfaceFacts

BUDGET = Budget(seconds=60.0, varbinds=50_000, walk_seconds=20.0, walk_varbinds=20_000)
MOST_INTERFACES = 512  # of one device in a report; polling tells the rest


async def read_found(opened: Opened, chooser: Chooser, budget: Budget = BUDGET) -> tuple[FoundDevice, Errors]:
    """Read a device; what it does not give is left out, and counted by class in the second value.

    Raises:
        SnmpError: its address cannot be reached any more.
        ConfigError: its profile cannot be used.
    """
    errors: Errors = Counter()
    async with open_session(opened.target, budget, opened.known) as session:
        reading = await read_device(session, errors, chooser)
        walker = Walker(session, errors, ended=reading.ended or reading.profile.ended)
        names = {one.index: one.name or one.descr or "" for one in reading.inventory.interfaces.values()}
        if_names = {index: name for index, name in names.items() if name}
        await read_neighbours(walker, if_names)
        await read_surroundings(walker)
        chassis = await walker.read_objects([f"{LOCAL_CHASSIS}.0", f"{BRIDGE_ADDRESS}.0"])
    facts = make_facts(opened.target, reading, states=reading.rows)
    facts.interfaces = [_brief(one) for one in facts.interfaces[:MOST_INTERFACES]]
    found = FoundDevice(
        addresses=[opened.target.address],
        found_by="snmp",
        facts=facts,
        credential=opened.credential,
        port=opened.target.port,
        profile=reading.profile.name,
        engine_id=engine_id(opened.rows),
        chassis_id=_chassis_id(chassis),
        neighbours=neighbours_of(walker.columns, if_names),
    )
    return found, errors


def engine_id(rows: Rows) -> str | None:
    """The engine ID in hexadecimal; None for what is shorter than one may be (RFC 3411: 5 to 32 octets)."""
    value = rows.get(SNMP_ENGINE_ID)
    return value.hex() if isinstance(value, bytes) and 5 <= len(value) <= 32 else None


def _chassis_id(rows: Rows) -> str | None:
    for oid in (LOCAL_CHASSIS, BRIDGE_ADDRESS):
        value = rows.get(f"{oid}.0")
        if isinstance(value, bytes) and len(value) == 6 and any(value):
            return spell_mac(value).lower()
        if oid == LOCAL_CHASSIS and (text := clean(value)):
            return text
    return None


def _brief(one: InterfaceFacts) -> InterfaceFacts:
    """What tells devices apart and names ports."""
    return InterfaceFacts(index=one.index, name=one.name or one.descr, type=one.type, mac=one.mac,
                          addresses=one.addresses)  # fmt: skip
