"""What ENTITY-MIB (RFC 6933) says of the device as a whole."""

from __future__ import annotations

from agent.snmp import oids
from agent.snmp.client import Rows, Session

CHASSIS = 3  # PhysicalClass
MOST_ENTITIES = 600  # rows looked through for the chassis; it stands at the front

_COLUMNS = (
    oids.ENT_PHYSICAL_SERIAL_NUM,
    oids.ENT_PHYSICAL_MFG_NAME,
    oids.ENT_PHYSICAL_MODEL_NAME,
    oids.ENT_PHYSICAL_SOFTWARE_REV,
)


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
    read = await session.get([column + row for column in _COLUMNS])
    return {oid.removesuffix(row): value for oid, value in read.items()}
