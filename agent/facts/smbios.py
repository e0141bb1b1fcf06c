"""Which of the texts in a machine's SMBIOS (or device tree) say something, and which only fill the field."""

from __future__ import annotations

import re
import uuid

_LONGEST = 128

# What boards ship with when nobody filled the field in; compared without case, spaces, dots and hyphens.
_FILLERS = frozenset(
    (
        "assetno", "basebrd", "chassisserialnumber", "chassisversion", "default", "defaultstring", "empty",
        "filledbyoem", "invalid", "na", "n/a", "no", "none", "noname", "notapplicable", "notavailable", "notdefined",
        "notpresent", "notset", "notsettable", "notspecified", "null", "oem", "productname", "reserved", "serial",
        "serialnumber", "sn", "standard", "systemmanufacturer", "systemname", "systemproductname",
        "systemserialnumber", "systemsku", "systemuuid", "systemversion", "tbd", "tobefilledbyoem", "tobefilled",
        "type1family", "type1productconfigid", "undefined", "unknown", "unspecified",
    )
)  # fmt: skip
_DIGITS = "01234567890123456789"
_FILLER_UUIDS = frozenset(
    (
        "03000200-0400-0500-0006-000700080009",  # a BIOS kit's example, on boards of many makers
        "00020003-0004-0005-0006-000700080009",  # the same with its first fields in the other byte order
        "12345678-1234-5678-90ab-cddeefaabbcc",
        "12345678-1234-1234-1234-123456789abc",
    )
)


def meaningful(text: str | None) -> str | None:
    """The text on one line and shortened, or None when it is a vendor's filler: it would join unlike machines."""
    if text is None:
        return None
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST]
    bare = re.sub(r"[\s.\-_]", "", shown).lower()
    if bare in _FILLERS or len(set(bare)) <= 1 or _counts_up(bare):
        return None
    return shown


def machine_uuid(text: str | None) -> str | None:
    """The SMBIOS UUID in lower case, or None when it is malformed, all zeros, all ones or an example."""
    try:
        parsed = uuid.UUID((text or "").strip())
    except ValueError:
        return None
    spelled = str(parsed)
    if len(set(parsed.hex)) == 1 or spelled in _FILLER_UUIDS:
        return None
    return spelled


def machine_id(text: str | None) -> str | None:
    """The id of machine-id(5): 32 hexadecimal digits; None for `uninitialized` and anything else."""
    found = (text or "").strip().lower()
    return found if re.fullmatch(r"[0-9a-f]{32}", found) and len(set(found)) > 1 else None


def _counts_up(bare: str) -> bool:
    """Whether it is `123456789`, `0123456789ABCDEF` or part of them."""
    return len(bare) >= 4 and (bare in _DIGITS or bare.startswith(("0123456789", "123456789")))
