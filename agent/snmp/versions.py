"""Which wire speaks which version of SNMP; the rarer ones are imported when a device needs them."""

from __future__ import annotations

from agent.snmp.exchange import Limit
from agent.snmp.known import Known
from agent.snmp.target import Target
from agent.snmp.v2c import V2cWire
from agent.snmp.wire import Wire


def open_wire(target: Target, address: str, limit: Limit, known: Known) -> Wire:
    """A socket to a device at a literal address.

    Raises:
        SnmpError: the address cannot be reached.
    """
    if target.user is not None:
        from agent.snmp.v3.wire import V3Wire  # noqa: PLC0415

        return V3Wire(target, target.user, address, limit, known)
    if target.version == "1":
        from agent.snmp.v1 import V1Wire  # noqa: PLC0415

        return V1Wire(target, address, limit)
    return V2cWire(target, address, limit)
