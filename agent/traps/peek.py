"""The head of an SNMP message, read before the engine sees it: what it costs to refuse must be little.

Sources: RFC 1157 (version 1), RFC 1901 (2c), RFC 3412 section 6 and RFC 3414 section 2.4 (version 3).
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.snmp.ber import OCTETS, SEQUENCE, BerError, expect, read, read_integer, read_octets

VERSIONS = {0: "1", 1: "2c", 3: "3"}
_LEVELS = {0: 1, 1: 2, 3: 3}  # the last two bits of msgFlags → securityLevel; privacy without authentication is none
_TRAP_V1, _INFORM, _TRAP_V2 = 0xA4, 0xA6, 0xA7


@dataclass(frozen=True, slots=True)
class Community:
    """The head of version 1 or 2c.

    Attributes:
        inform_id: request-id of an inform, which pysnmp does not keep; None for a trap.
    """

    version: str
    community: bytes
    inform_id: int | None


@dataclass(frozen=True, slots=True)
class Usm:
    """The head of version 3.

    Attributes:
        level: securityLevel, 1 to 3.
        boots, time: the authoritative engine's, in restarts and seconds.
        signature: msgAuthenticationParameters.
    """

    engine_id: bytes
    boots: int
    time: int
    user: bytes
    level: int
    signature: bytes


def peek(data: bytes) -> Community | Usm:
    """The head of a message.

    Raises:
        BerError: it is no message of SNMP, or no notification.
    """
    start, end = expect(data, 0, len(data), SEQUENCE)
    if end != len(data):
        raise BerError("something follows the message")
    number, at = read_integer(data, start, end)
    version = VERSIONS.get(number)
    if version is None:
        raise BerError(f"version {number}")
    if version == "3":
        return _usm(data, at, end)
    community, at = read_octets(data, at, end)
    tag, start, end = read(data, at, end)
    if tag not in ((_TRAP_V1,) if version == "1" else (_TRAP_V2, _INFORM)):
        raise BerError("no trap and no inform")
    return Community(version, community, read_integer(data, start, end)[0] if tag == _INFORM else None)


def _usm(data: bytes, at: int, end: int) -> Usm:
    start, after = expect(data, at, end, SEQUENCE)
    _, start = read_integer(data, start, after)  # msgID
    _, start = read_integer(data, start, after)  # msgMaxSize
    flags, start = read_octets(data, start, after)
    model, _ = read_integer(data, start, after)
    level = _LEVELS.get(flags[0] & 3) if len(flags) == 1 else None
    if level is None or model != 3:
        raise BerError("no message of the User-based Security Model")
    start, end = expect(data, after, end, OCTETS)
    start, end = expect(data, start, end, SEQUENCE)
    engine_id, start = read_octets(data, start, end)
    boots, start = read_integer(data, start, end)
    time, start = read_integer(data, start, end)
    user, start = read_octets(data, start, end)
    signature, _ = read_octets(data, start, end)
    return Usm(engine_id, boots, time, user, level, signature)
