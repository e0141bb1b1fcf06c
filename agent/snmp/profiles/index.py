"""The index of a table's row: arcs, split into the components that its MIB describes (RFC 2578, section 7.7)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from agent.snmp.profiles.spelling import spell_hex, spell_octets
from agent.snmp.text import clean

_FIXED = {"integer": 1, "ip": 4, "mac": 6, "ipv6": 16}
_SIZED = ("string", "hex")  # the length comes first
_TYPED = ("inet", "inet_full")  # InetAddressType, length, octets
_WHOLE = {1: 4, 2: 16}  # InetAddressType → octets of an address without a zone
_INET_OCTETS = {1: 4, 2: 16, 3: 4, 4: 16}  # InetAddressType → octets of the address; a zone follows in 3 and 4


def split(arcs: Sequence[int], components: Sequence[tuple[str, int]]) -> list[str] | None:
    """The components as text; None when the arcs do not fit them."""
    parts = cut(arcs, components)
    if parts is None:
        return None
    texts = [_spell(kind, part) for (kind, _), part in zip(components, parts, strict=True)]
    return [text for text in texts if text is not None] if None not in texts else None


def cut(arcs: Sequence[int], components: Sequence[tuple[str, int]]) -> list[list[int]] | None:
    """The arcs of each component, with its length where that comes first; None when they do not fit."""
    parts: list[list[int]] = []
    rest = list(arcs)
    for kind, length in components:
        taken = _length(kind, length, rest)
        if taken is None or len(rest) < taken:
            return None
        parts.append(rest[:taken])
        rest = rest[taken:]
    return None if rest else parts


def _length(kind: str, length: int, rest: list[int]) -> int | None:
    """How many arcs the component takes."""
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in ("fixed_string", "fixed_hex"):
        return length
    if kind in _SIZED:
        return rest[0] + 1 if rest else None
    if kind in _TYPED:
        return rest[1] + 2 if len(rest) > 1 else None
    if kind == "inet_unsized":
        return _WHOLE.get(rest[0], len(rest) - 1) + 1 if rest else None
    return len(rest)  # rest, rest_string, rest_hex


def _spell(kind: str, arcs: list[int]) -> str | None:
    if kind in ("integer", "rest"):
        return ".".join(map(str, arcs))
    if kind == "inet":
        return _spell_inet(arcs)
    octets = arcs[1:] if kind in _SIZED else arcs
    if any(arc > 255 for arc in octets):
        return None
    if kind in ("inet_full", "inet_unsized"):
        return _spell_full(arcs, 2 if kind == "inet_full" else 1)
    if kind in ("ip", "ipv6", "mac"):
        return spell_octets(kind, bytes(octets))
    return spell_hex(octets) if kind.endswith("hex") else clean(bytes(octets))


def _spell_full(arcs: list[int], before: int) -> str:
    """An InetAddress as snmp_exporter spells it: IPv6 in full, what is neither IPv4 nor IPv6 with all before it."""
    form = {1: "ip", 2: "ipv6"}.get(arcs[0])
    return spell_octets(form, bytes(arcs[before:])) if form else spell_hex(arcs)


def _spell_inet(arcs: list[int]) -> str | None:
    """An InetAddress with its type before it; other types than addresses as their octets."""
    octets = arcs[2:]
    if any(arc > 255 for arc in octets):
        return None
    length = _INET_OCTETS.get(arcs[0])
    if length is None or len(octets) < length:
        return ".".join(map(str, octets))
    return str(ipaddress.ip_address(bytes(octets[:length])))
