"""Values of traps as text: one line, bounded, without anything that could act on who reads it."""

from __future__ import annotations

import datetime as dt
import ipaddress

from agent.snmp.text import clean, spell_mac
from agent.traps.definition import Form, Object
from agent.traps.notification import Address, Value

VALUE_LIMIT = 512  # characters
_HEX_LIMIT = 64  # octets


def spell(value: Value | Address, of: Object | None) -> str:
    """A value as people read it; `of` says what its numbers and octets mean, when that is known."""
    if isinstance(value, bytes):
        return _octets(value, of.form if of else None)
    if isinstance(value, int):
        return of.words.get(value, str(value)) if of else str(value)
    if isinstance(value, Address):
        return value.text
    if value is None:
        return ""
    return clean(of.words.get(value, value) if of else value, VALUE_LIMIT)


def _octets(value: bytes, form: Form | None) -> str:
    if form == "hex":
        return _hex(value)
    if form == "mac":
        return spell_mac(value) or _hex(value)
    if form == "date":
        return spell_date(value) or _hex(value)
    if form == "address":
        return _address(value) or _hex(value)
    if form == "text" or _is_text(value):
        return clean(value, VALUE_LIMIT)
    return spell_date(value) or (spell_mac(value) if len(value) == 6 else "") or _hex(value)


def _is_text(value: bytes) -> bool:
    """Whether octets whose meaning is not known look like text: no control characters but white space."""
    text = clean(value.rstrip(b"\0"), VALUE_LIMIT)
    controls = sum(octet < 0x20 and octet not in b"\t\n\r" for octet in value.rstrip(b"\0"))
    return controls == 0 and "\ufffd" not in text


def spell_date(value: bytes) -> str:
    """DateAndTime (RFC 2579) as RFC 3339, without an offset when the device gives none; empty for anything else."""
    if len(value) not in (8, 11):
        return ""
    year, (month, day, hour, minute, second, tenth) = int.from_bytes(value[:2], "big"), value[2:8]
    if not 1970 <= year <= 2199 or tenth > 9:
        return ""
    try:
        zone = _zone(value[8:])
        instant = dt.datetime(year, month, day, hour, minute, min(second, 59), tenth * 100_000, tzinfo=zone)
    except ValueError:
        return ""
    return instant.isoformat(timespec="milliseconds")


def _zone(octets: bytes) -> dt.timezone | None:
    """The offset of DateAndTime's last three octets, None without them.

    Raises:
        ValueError: they are none.
    """
    if not octets:
        return None
    if octets[0] not in b"+-" or octets[1] > 14 or octets[2] > 59:
        raise ValueError("no offset from UTC")
    offset = dt.timedelta(hours=octets[1], minutes=octets[2])
    return dt.timezone(offset if octets[0] == ord("+") else -offset)


def _address(value: bytes) -> str:
    return str(ipaddress.ip_address(value)) if len(value) in (4, 16) else ""


def _hex(value: bytes) -> str:
    return value[:_HEX_LIMIT].hex(" ").upper() + (" …" if len(value) > _HEX_LIMIT else "")
