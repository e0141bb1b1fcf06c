"""Text from devices: any octets, of any length, made fit for a label or a page."""

from __future__ import annotations

from agent.snmp.client import Value

TEXT_LIMIT = 255  # characters; DisplayString has no more (RFC 2579)


def clean(value: Value, limit: int = TEXT_LIMIT) -> str:
    """A DisplayString or OID as one line of printable text.

    Octets that are no UTF-8 become U+FFFD, line breaks and tabs spaces; other control and formatting
    characters (NUL, escape sequences, changes of writing direction) are dropped. Anything that is not text is empty.
    """
    if isinstance(value, bytes):
        # Four octets a character is the most that UTF-8 takes, so nothing within the limit is lost.
        text = value[: limit * 4].decode("utf-8", "replace")
    elif isinstance(value, str):
        text = value[: limit * 4]
    else:
        return ""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
    return text[:limit].strip()


def spell_mac(value: Value) -> str:
    """A link-layer address as `00:1B:21:3C:4D:5E`; empty for anything but 1 to 20 octets."""
    return value.hex(":").upper() if isinstance(value, bytes) and 0 < len(value) <= 20 else ""
