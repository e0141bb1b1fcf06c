"""What identifies a thing, brought to one spelling: serial number, UUID, machine id, address, FQDN."""

from __future__ import annotations

import enum
import re
import unicodedata
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from cmdb.address import host_name, management_address
from core.facts import Facts


class KeyKind(enum.StrEnum):
    """What can speak for an item, strongest first; the last two are evidence only and never stored."""

    SERIAL = "serial"
    UUID = "uuid"
    MACHINE_ID = "machine_id"
    ADDRESS = "management_address"
    FQDN = "fqdn"
    INSTANCE = "instance"
    NAME = "name"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One normalised identifying value."""

    kind: KeyKind
    value: str


# What vendors leave in the fields of machines that nobody filled in.
_FILLERS = frozenset(
    line.strip()
    for line in """
        NONE
        NULL
        N/A
        NOT APPLICABLE
        NOT AVAILABLE
        NOT SPECIFIED
        NOT SET
        NOT PROVIDED
        NOT PRESENT
        UNKNOWN
        UNDEFINED
        EMPTY
        INVALID
        DEFAULT
        DEFAULT STRING
        TO BE FILLED
        TO BE FILLED BY OEM
        TO BE FILLED BY O.E.M
        TO BE FILLED BY O.E.M.
        O.E.M.
        SYSTEM SERIAL NUMBER
        SYSTEM-SERIAL-NUMBER
        CHASSIS SERIAL NUMBER
        BASE BOARD SERIAL NUMBER
        SERIAL NUMBER
        SERIALNUMBER
        SERIAL
        NO SERIAL
        NO SERIAL NUMBER
        EVAL
        TEST
        SAMPLE
        1234
        12345
        123456
        1234567
        12345678
        123456789
        1234567890
        01234567
        0123456789
        0123456789ABCDEF
        123456789ABCDEF
        01234567890123456789AB
        MB-1234567890
        """.strip().splitlines()
)
_HEX_UUID = re.compile(r"[0-9a-f]{32}")
_FILLER_UUIDS = frozenset(
    {"03000200040005000006000700080009", "12345678123456789012345678901234", "123456781234567890abcddeefaabbcc"}
)


def normal_serial(text: str) -> str | None:
    """A serial number in upper case with single spaces; None for a vendor's filler or less than four characters."""
    serial = " ".join(text.upper().split())
    if len(serial) < 4 or serial in _FILLERS or len(set(serial) - set(" -._/")) <= 1:
        return None
    return serial


def normal_uuid(text: str) -> str | None:
    """A UUID in lower case, None for a filler.

    SMBIOS before 2.6 did not fix the byte order of the first three fields (DSP0134 §7.2.1), so the same
    machine shows two spellings; the lower one stands for both.
    """
    digits = re.sub(r"[-{}\s]", "", text.lower().removeprefix("urn:uuid:"))
    if not _HEX_UUID.fullmatch(digits) or len(set(digits)) <= 2 or digits in _FILLER_UUIDS:
        return None
    plain = uuid.UUID(hex=digits)
    swapped = uuid.UUID(bytes_le=plain.bytes)
    return None if swapped.hex in _FILLER_UUIDS else min(str(plain), str(swapped))


def normal_machine_id(text: str) -> str | None:
    """The machine id of systemd, 32 hexadecimal digits; None for `uninitialized` and the like (machine-id(5))."""
    digits = text.strip().lower().replace("-", "")
    return digits if _HEX_UUID.fullmatch(digits) and len(set(digits)) > 2 else None


def normal_fqdn(text: str) -> str | None:
    """A fully qualified name; None for one label only and for names of the machine itself."""
    name = host_name(text)
    return name if name is not None and "." in name else None


def name_key(name: str) -> str:
    """A name as names are compared: Unicode NFKC, without case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


NORMAL: dict[KeyKind, Callable[[str], str | None]] = {
    KeyKind.SERIAL: normal_serial,
    KeyKind.UUID: normal_uuid,
    KeyKind.MACHINE_ID: normal_machine_id,
    KeyKind.ADDRESS: management_address,
    KeyKind.FQDN: normal_fqdn,
}


def key(kind: KeyKind, text: str | None) -> Key | None:
    """The normalised key, or None when the text identifies nothing."""
    value = NORMAL[kind](text) if text else None
    return None if value is None else Key(kind, value)


def keys_of(facts: Facts | None) -> frozenset[Key]:
    """The keys in a report; none while the target could not be asked."""
    if facts is None:
        return frozenset()
    found = (
        key(KeyKind.SERIAL, facts.serial_number),
        key(KeyKind.UUID, facts.uuid),
        key(KeyKind.MACHINE_ID, facts.machine_id),
        key(KeyKind.ADDRESS, facts.management_address),
        key(KeyKind.FQDN, facts.fqdn),
    )
    return frozenset(one for one in found if one is not None)
