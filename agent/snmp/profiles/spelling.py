"""Octets of a column as text or as a number, by the textual convention that their MIB gives them (RFC 2579)."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterable
from typing import Literal, TypeGuard, get_args

from agent.snmp.text import clean, spell_mac
from agent.snmp.values import Value

TextFormat = Literal["text", "hex", "mac", "ip", "ipv6", "inet", "lldp_port", "lldp_chassis"]
NumberFormat = Literal["date_and_time", "ntp_timestamp", "opaque_float"]

# Formats whose meaning another column says: InetAddressType (RFC 4001), LldpPortIdSubtype and LldpChassisIdSubtype
# (IEEE 802.1AB) by number.
KINDS: dict[str, dict[int, TextFormat]] = {
    "inet": {1: "ip", 2: "ipv6"},
    "lldp_port": {1: "text", 2: "text", 3: "mac", 5: "text", 7: "text"},
    "lldp_chassis": {1: "text", 2: "text", 3: "text", 4: "mac", 6: "text", 7: "text"},
}
_LENGTHS = {"mac": 6, "ip": 4, "ipv6": 16}
_MOST_HEX = 255  # octets
_NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
_NUMBERS = get_args(NumberFormat)
_OPAQUE = {b"\x9f\x78\x04": ">f", b"\x9f\x79\x08": ">d"}  # net-snmp's and Perkins' floats: tag and length


def is_number(form: str | None) -> TypeGuard[NumberFormat]:
    """Whether a format makes a number of octets."""
    return form in _NUMBERS


def spell(form: str, value: Value, kind: Value = None) -> str:
    """A value as text.

    Args:
        form: a `TextFormat`.
        value: numbers, addresses and object identifiers are spelled as they are, whatever the format.
        kind: for formats of `KINDS` what says which form the octets have; they are in hexadecimal without.
    """
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, bytes):
        return clean(value)
    if form in KINDS:
        form = KINDS[form].get(kind, "hex") if isinstance(kind, int) else "hex"
    if form == "text":
        return clean(value)
    return spell_hex(value) if form == "hex" else spell_octets(form, value)


def spell_octets(form: str, octets: bytes) -> str:
    """`mac`, `ip` or `ipv6`: as many octets as it has, zeros where they are missing; IPv6 in full, in capitals."""
    length = _LENGTHS[form]
    octets = octets[:length].ljust(length, b"\0")
    if form == "mac":
        return spell_mac(octets)
    if form == "ip":
        return ".".join(map(str, octets))
    return octets.hex(":", 2).upper()


def spell_hex(octets: Iterable[int]) -> str:
    """`0x0A1B`; empty for no octets."""
    cut = bytes(octets)[:_MOST_HEX]
    return f"0x{cut.hex().upper()}" if cut else ""


def read_number(form: NumberFormat, value: Value) -> float | None:
    """Seconds since 1970 or a floating-point number; None for octets that are none."""
    if form == "opaque_float":
        return _opaque_float(value)
    if not isinstance(value, bytes):
        return None
    return _date_and_time(value) if form == "date_and_time" else _ntp_timestamp(value)


def _opaque_float(value: Value) -> float | None:
    """A float or double within an Opaque (draft-perkins-opaque-01); a number that came as one is one."""
    if not isinstance(value, bytes):
        return value if isinstance(value, (int, float)) else None
    form = _OPAQUE.get(value[:3])
    if form is None or len(value) != 3 + struct.calcsize(form):
        return None
    return float(struct.unpack(form, value[3:])[0])


def _date_and_time(octets: bytes) -> float | None:
    """DateAndTime of RFC 2579, whole seconds; without a zone it is taken for UTC."""
    if len(octets) not in (8, 11):
        return None
    zone = dt.timedelta()
    if len(octets) == 11:
        if octets[8:9] not in (b"+", b"-") or octets[9] > 23 or octets[10] > 59:
            return None
        zone = dt.timedelta(hours=octets[9], minutes=octets[10]) * (1 if octets[8:9] == b"+" else -1)
    try:
        day = dt.datetime(int.from_bytes(octets[:2]), octets[2], octets[3], tzinfo=dt.UTC)
    except ValueError:  # all zeros, as devices without a clock say
        return None
    time = dt.timedelta(hours=octets[4], minutes=octets[5], seconds=octets[6])
    return (day - dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + time - zone).total_seconds()


def _ntp_timestamp(octets: bytes) -> float | None:
    """NtpDateTime's first eight octets (RFC 5905), whole seconds."""
    return float(int.from_bytes(octets[:4]) - _NTP_EPOCH) if len(octets) >= 8 else None
