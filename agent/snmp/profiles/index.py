"""The index of a table's row: arcs, split into the components that its MIB describes (RFC 2578, section 7.7)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from agent.snmp.text import clean, spell_mac

_FIXED = {"integer": 1, "ip": 4, "mac": 6}
_INET_OCTETS = {1: 4, 2: 16, 3: 4, 4: 16}  # InetAddressType → octets of the address; a zone follows in 3 and 4


def split(arcs: Sequence[int], components: Sequence[tuple[str, int]]) -> list[str] | None:
    """The components as text; None when the arcs do not fit them."""
    texts: list[str] = []
    rest = list(arcs)
    for kind, length in components:
        taken = _length(kind, length, rest)
        if taken is None or len(rest) < taken:
            return None
        text = _spell(kind, rest[:taken])
        if text is None:
            return None
        texts.append(text)
        rest = rest[taken:]
    return None if rest else texts


def _length(kind: str, length: int, rest: list[int]) -> int | None:
    """How many arcs the component takes."""
    if kind in _FIXED:
        return _FIXED[kind]
    if kind == "fixed_string":
        return length
    if kind == "string":
        return rest[0] + 1 if rest else None
    if kind == "inet":
        return rest[1] + 2 if len(rest) > 1 else None
    return len(rest)  # rest, rest_string


def _spell(kind: str, arcs: list[int]) -> str | None:
    if kind in ("integer", "rest"):
        return ".".join(map(str, arcs))
    if kind == "inet":
        return _spell_inet(arcs)
    octets = arcs[1:] if kind == "string" else arcs
    if any(arc > 255 for arc in octets):
        return None
    if kind == "ip":
        return ".".join(map(str, octets))
    if kind == "mac":
        return spell_mac(bytes(octets))
    return clean(bytes(octets))


def _spell_inet(arcs: list[int]) -> str | None:
    """An InetAddress with its type before it; other types than addresses as their octets."""
    octets = arcs[2:]
    if any(arc > 255 for arc in octets):
        return None
    length = _INET_OCTETS.get(arcs[0])
    if length is None or len(octets) < length:
        return ".".join(map(str, octets))
    return str(ipaddress.ip_address(bytes(octets[:length])))
