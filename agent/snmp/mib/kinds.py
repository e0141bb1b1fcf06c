"""What the types of MIBs are in a profile: the textual conventions of the standards (RFC 2578, 2579, 4001, 3411 …)."""

from __future__ import annotations

from agent.snmp.mib.source import Syntax

COUNTERS = frozenset(("Counter", "Counter32", "Counter64", "ZeroBasedCounter32", "ZeroBasedCounter64"))
NUMBERS = COUNTERS | frozenset((
    "INTEGER", "Integer32", "Unsigned32", "Gauge", "Gauge32", "TimeTicks", "UInteger32", "CounterBasedGauge64",
    "TruthValue", "TimeStamp", "TimeInterval", "InterfaceIndex", "InterfaceIndexOrZero", "InetAddressType",
    "InetPortNumber", "InetAddressPrefixLength", "InetVersion", "PhysicalIndex", "PhysicalIndexOrZero",
    "EntitySensorValue", "VlanId", "Float32TC", "Dscp", "IANAifType", "InetAutonomousSystemNumber",
))  # fmt: skip
_TEXTS = {
    "DisplayString": "text", "SnmpAdminString": "text", "Utf8String": "text", "OwnerString": "text",
    "InetAddressDNS": "text", "OBJECT IDENTIFIER": "text", "AutonomousType": "text", "RowPointer": "text",
    "VariablePointer": "text", "ObjectIdentifier": "text", "IpAddress": "ip", "InetAddressIPv4": "ip",
    "InetAddressIPv6": "ipv6",
    "MacAddress": "mac", "DateAndTime": "date_and_time", "OCTET STRING": "hex", "PhysAddress": "hex", "Opaque": "hex",
    "BridgeId": "hex", "SnmpEngineID": "hex", "InetAddress": "hex",
}  # fmt: skip
# Rows are made and deleted by them; they say nothing of the device.
CONTROLS = frozenset(("RowStatus", "StorageType", "TestAndIncr", "EntryStatus"))
KNOWN = NUMBERS | CONTROLS | frozenset(_TEXTS)
_INDEXES = {"IpAddress": "ip", "InetAddressIPv4": "ip", "InetAddressIPv6": "ipv6", "MacAddress": "mac"}


def text_format(syntax: Syntax) -> str | None:
    """How octets of a type become text; None when it is none that is known."""
    if syntax.name == "OCTET STRING" and syntax.length == 6:
        return "mac"
    return _TEXTS.get(syntax.name)


def index_format(syntax: Syntax, *, implied: bool) -> dict[str, str | int] | None:
    """How a component of an index is coded; None when its type is not known."""
    if syntax.name in NUMBERS or syntax.values:
        return {}
    if syntax.name in _INDEXES:
        return {"format": _INDEXES[syntax.name]}
    form = text_format(syntax)
    if syntax.name in ("OBJECT IDENTIFIER", "AutonomousType", "ObjectIdentifier"):
        return {"format": "rest"}
    if form is None:
        return None
    kind = "string" if form == "text" else "hex"
    if implied:
        return {"format": f"rest_{kind}"}
    return {"format": f"fixed_{kind}", "length": syntax.length} if syntax.length else {"format": kind}
