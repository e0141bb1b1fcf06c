"""What a device's objects look like here, whatever version of SNMP brought them."""

from __future__ import annotations

# OCTET STRING is bytes; OBJECT IDENTIFIER and IpAddress are dotted str; counters and numbers are int.
Value = str | bytes | int | float | None
Rows = dict[str, Value]  # by OID without a leading dot


def arcs(oid: str) -> tuple[int, ...]:
    """`1.3.6` as numbers, which is how OIDs are ordered."""
    return tuple(map(int, oid.split(".")))
