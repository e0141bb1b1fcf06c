"""A trap as it came, decoded, in plain values."""

from __future__ import annotations

from dataclasses import dataclass

# A number, octets, an OID in dotted text, or nothing (NULL and exceptions).
Value = int | bytes | str | None


@dataclass(frozen=True, slots=True)
class Address:
    """An IpAddress: told from octets and from OIDs by its type."""

    text: str


@dataclass(frozen=True, slots=True)
class Varbind:
    """An object's instance and its value."""

    oid: str
    value: Value | Address


@dataclass(frozen=True, slots=True)
class Notification:
    """A trap or inform.

    Attributes:
        source: address that the datagram came from.
        origin: address that a relay names as that of the first sender; None when it names none.
        version: `1`, `2c` or `3`.
        oid: value of snmpTrapOID.0; of a version 1 trap as RFC 3584 section 3.1 has it.
        varbinds: without sysUpTime.0, snmpTrapOID.0 and what a proxy adds.
        request_id: of an inform, which is the same when it is sent again; None for a trap.
        uptime: sysUpTime.0 of the sender in hundredths of a second; None when it is not told.
        context: contextName of version 3 (RFC 3411), such as a virtual router's.
    """

    source: str
    origin: str | None
    version: str
    oid: str
    varbinds: tuple[Varbind, ...]
    request_id: int | None = None
    uptime: int | None = None
    context: bytes = b""
