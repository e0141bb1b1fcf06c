"""Text from devices: any octets, of any length, made fit for a label or a page."""

from __future__ import annotations

from agent.snmp.values import Value

TEXT_LIMIT = 255  # characters; DisplayString has no more (RFC 2579)
_CUT = ("unexpected end of data", "incomplete multibyte sequence")  # as Python's decoders put it
_NO_LEAD = b"\x80\xff"  # no character begins with these in either encoding


def clean(value: Value, limit: int = TEXT_LIMIT) -> str:
    """A DisplayString or OID as one line of printable text.

    Octets are UTF-8 or else GB18030, which Chinese devices speak, when that makes printable text of them; those that
    are neither become U+FFFD, line breaks and tabs spaces; other control and formatting
    characters (NUL, escape sequences, changes of writing direction) are dropped. Anything that is not text is empty.
    """
    if isinstance(value, bytes):
        # Four octets a character is the most that either encoding takes, so nothing within the limit is lost.
        text = _decode(value[: limit * 4])
    elif isinstance(value, str):
        text = value[: limit * 4]
    else:
        return ""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
    return text[:limit].strip()


def _decode(octets: bytes) -> str:
    text = _whole(octets, "utf-8")
    if text is not None:
        return text
    text = _whole(octets, "gb18030")
    # Ill-matched octets soon hit upon a character that is private or unassigned; ASCII is the same in both.
    if text is not None and all(c.isprintable() or c.isascii() for c in text):
        return text
    return octets.decode("utf-8", "replace")


def _whole(octets: bytes, encoding: str) -> str | None:
    """The octets decoded, None when they are not of this encoding; a last character cut in two becomes U+FFFD.

    Devices cut long texts at an octet.
    """
    try:
        return octets.decode(encoding)
    except UnicodeDecodeError as error:
        cut = error.end == len(octets) and error.reason in _CUT and octets[error.start] not in _NO_LEAD
        if not cut:
            return None
        return octets[: error.start].decode(encoding) + "\ufffd"


def spell_mac(value: Value) -> str:
    """A link-layer address as `00:1B:21:3C:4D:5E`; empty for anything but 1 to 20 octets."""
    return value.hex(":").upper() if isinstance(value, bytes) and 0 < len(value) <= 20 else ""
