"""Entries of systemd's journal as `journalctl --output=json` prints them, systemd.journal-fields(7); which are wanted.

An entry's message, identifier and priority are whatever a program says; fields that begin with an underscore are the
journal's own word. A field may come several times, and as a list of bytes where it is no printable UTF-8.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

PRIORITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
LONGEST_MESSAGE = 64 * 2**10  # bytes; what is beyond is not looked at
_CURSOR = re.compile(r"[0-9a-z]=[0-9a-f]+(;[0-9a-z]=[0-9a-f]+){0,20}")
_GLOB = re.compile(r"[*?\[]")

Field = str | list[Any] | None


class Entry(msgspec.Struct):
    """One entry; a field that it has not is "", one that journalctl left out for its size is None.

    Attributes:
        unit: of the process that wrote it.
        about_unit: which unit systemd (`pid` 1) writes about.
        object_unit, dump_unit: which one a process of root does, a core dump's collector among them.
    """

    cursor: str = msgspec.field(name="__CURSOR")
    at_us: str = msgspec.field(name="__REALTIME_TIMESTAMP")
    message: Field = msgspec.field(name="MESSAGE", default="")
    priority: Field = msgspec.field(name="PRIORITY", default="")
    identifier: Field = msgspec.field(name="SYSLOG_IDENTIFIER", default="")
    unit: Field = msgspec.field(name="_SYSTEMD_UNIT", default="")
    pid: Field = msgspec.field(name="_PID", default="")
    uid: Field = msgspec.field(name="_UID", default="")
    about_unit: Field = msgspec.field(name="UNIT", default="")
    object_unit: Field = msgspec.field(name="OBJECT_SYSTEMD_UNIT", default="")
    dump_unit: Field = msgspec.field(name="COREDUMP_UNIT", default="")

    def units(self) -> list[str]:
        """Every unit that the entry is of or about, as `journalctl --unit` takes it."""
        units = texts(self.unit)
        if self.pid == "1":
            units += texts(self.about_unit)
        if self.uid == "0":
            units += texts(self.object_unit) + texts(self.dump_unit)
        return units


FIELDS = tuple(field.encode_name for field in msgspec.structs.fields(Entry) if not field.encode_name.startswith("__"))
_DECODER = msgspec.json.Decoder(Entry)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: all that agree in every respect that is given.

    Attributes:
        units, identifiers: shell globs.
        priority: index in `PRIORITIES` of the least urgent; None: any, or none at all.
    """

    units: Sequence[str] = ()
    identifiers: Sequence[str] = ()
    priority: int | None = None

    def has(self, entry: Entry) -> bool:
        """Whether the entry is one of them."""
        if self.priority is not None and not any(
            one.isdecimal() and int(one[:2]) <= self.priority for one in texts(entry.priority)
        ):
            return False
        if self.identifiers and not _any_fits(self.identifiers, texts(entry.identifier)):
            return False
        return not self.units or _any_fits(self.units, entry.units())


def matches(wanted: Sequence[Wanted]) -> list[str]:
    """Arguments that leave out, by the journal's own index, entries that nobody wants; it may leave in too many.

    Terms of one field are alternatives, different fields must all hold, `+` divides what may hold instead.
    """
    if any(_GLOB.search(text) for one in wanted for text in (*one.units, *one.identifiers)):
        return _most_urgent(wanted)
    found: list[str] = []
    for one in wanted:
        terms = [f"SYSLOG_IDENTIFIER={text}" for text in one.identifiers]
        if one.priority is not None:
            terms += [f"PRIORITY={number}" for number in range(one.priority + 1)]
        if one.units:
            for field in ("_SYSTEMD_UNIT", "UNIT", "OBJECT_SYSTEMD_UNIT", "COREDUMP_UNIT"):
                found += [*(f"{field}={unit}" for unit in one.units), *terms, "+"]
        elif terms:
            found += [*terms, "+"]
        else:
            return []
    return found[:-1]


def _most_urgent(wanted: Sequence[Wanted]) -> list[str]:
    least = max(len(PRIORITIES) if one.priority is None else one.priority for one in wanted)
    return [f"PRIORITY={number}" for number in range(least + 1)] if least < len(PRIORITIES) else []


def read_entry(line: str) -> Entry | None:
    """The entry of a line; None when it is none."""
    try:
        entry = _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return None
    return entry if is_cursor(entry.cursor) and entry.at_us.isdecimal() and len(entry.at_us) < 20 else None


def is_cursor(text: str) -> bool:
    """Whether it looks like the name that the journal gives an entry."""
    return len(text) < 1000 and _CURSOR.fullmatch(text) is not None


def message_of(entry: Entry) -> bytes | None:
    """The entry's message; b"" when it has none, None when it was left out for its size."""
    if isinstance(entry.message, str):  # nearly always
        return entry.message.encode("utf-8", "surrogatepass")[:LONGEST_MESSAGE]
    if entry.message is None:
        return None
    return b"\n".join(_bytes(entry.message))[:LONGEST_MESSAGE]


def texts(field: Field) -> list[str]:
    """The values of a field, those that are there."""
    return [value.decode("utf-8", "replace") for value in _bytes(field) if value]


def _bytes(field: Field) -> Iterator[bytes]:
    if isinstance(field, str):
        yield field.encode("utf-8", "surrogatepass")
    elif isinstance(field, list) and field and all(type(one) is int and 0 <= one < 256 for one in field):
        yield bytes(field)
    elif isinstance(field, list):
        for one in field:
            yield from _bytes(one)


def _any_fits(globs: Sequence[str], values: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(value, glob) for value in values for glob in globs)
