"""Reads definitions of traps: `configs/snmp/traps/*.yaml` and files of one's own in the same shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path

from agent.traps.definition import UNKNOWN, Catalogue, Definition, Form, Object, Severity
from core.config import Duration, Finding, Section, load
from core.errors import ConfigError, Fault

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,9})){1,127}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_FIELD = re.compile(r"\{([^{}]*)\}")


class TrapSection(Section, kw_only=True, frozen=True):
    """A trap; see `Definition`."""

    oid: str
    severity: Severity
    text: str = ""
    key: list[str] = []
    index: str | None = None
    clears: list[str] = []
    expire: Duration | None = None

    def check(self) -> Iterator[Finding]:
        if not _OID.fullmatch(self.oid):
            yield Finding(("oid",), f"{self.oid!r} is no OID; write one like 1.3.6.1.6.3.1.1.5.3")
        if len(self.text) > 400:
            yield Finding(("text",), "must have at most 400 characters")


class ObjectSection(Section, kw_only=True, frozen=True):
    """An object; see `Object`."""

    oid: str
    words: dict[str, str] = {}
    form: Form | None = None

    def check(self) -> Iterator[Finding]:
        if not _OID.fullmatch(self.oid):
            yield Finding(("oid",), f"{self.oid!r} is no OID")
        for number in self.words:
            if not re.fullmatch(r"-?[0-9]{1,10}", number):
                yield Finding(("words", number), "must be a whole number")


class CatalogueFile(Section, kw_only=True, frozen=True):
    """One file: traps and objects by their names in the MIB."""

    traps: dict[str, TrapSection] = {}
    objects: dict[str, ObjectSection] = {}

    def check(self) -> Iterator[Finding]:
        for kind, names in (("traps", self.traps), ("objects", self.objects)):
            for name in names:
                if not _NAME.fullmatch(name) or name == UNKNOWN:
                    yield Finding((kind, name), "is no name; use letters, digits, dashes, underscores")


def shipped_folder() -> Path:
    """Where the shipped definitions are."""
    return Path(str(resources.files("configs"))) / "snmp" / "traps"


def load_catalogue(own: Path | None = None) -> Catalogue:
    """The shipped definitions, and before them those of a folder of one's own.

    Raises:
        ConfigError: the folder is not there, or something in one of its files is wrong.
    """
    if own is not None and not own.is_dir():
        raise ConfigError([Fault(str(own), 0, "is no folder; definitions of traps are *.yaml files in one")])
    folders = [shipped_folder()] if own is None else [own, shipped_folder()]
    traps: dict[str, tuple[Path, TrapSection]] = {}
    objects: dict[str, Object] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.yaml")):
            read = load(file, CatalogueFile)
            for name, trap in read.traps.items():
                traps.setdefault(name, (file, trap))
            for name, one in read.objects.items():
                words = {int(number): word for number, word in one.words.items()}
                objects.setdefault(name, Object(name, one.oid, words, one.form))
    return _build(traps, objects)


def _build(traps: dict[str, tuple[Path, TrapSection]], objects: dict[str, Object]) -> Catalogue:
    faults = [
        Fault(str(file), 0, f"traps.{name}: {wrong}")
        for name, (file, trap) in traps.items()
        for wrong in _wrong(trap, traps, objects)
    ]
    faults += _doubled(traps)
    if faults:
        raise ConfigError(faults)
    ended = {name for _, trap in traps.values() for name in trap.clears}
    definitions: dict[str, Definition] = {}
    for name, (_, trap) in traps.items():
        made = _definition(name, trap)
        definitions.setdefault(trap.oid, replace(made, alerts=name in ended or trap.expire is not None))
    return Catalogue(definitions, {one.oid: one for one in objects.values()})


def _wrong(trap: TrapSection, traps: dict[str, tuple[Path, TrapSection]], objects: dict[str, Object]) -> Iterator[str]:
    fields = [word for found in _FIELD.findall(trap.text) for word in found.split("|")]
    for name in (*fields, *trap.key, *([trap.index] if trap.index else [])):
        if name not in objects and name not in ("", "source"):
            yield f"there is no object {name!r}; add it to objects"
    for name in trap.clears:
        if name not in traps:
            yield f"clears {name!r}, which is no trap"
        elif (traps[name][1].key, traps[name][1].index) != (trap.key, trap.index):
            yield f"clears {name!r}, which has another key: both must have the same key and index"


def _doubled(traps: dict[str, tuple[Path, TrapSection]]) -> Iterator[Fault]:
    """Traps of one OID under two names: the one that other definitions speak of could be the one that is lost."""
    first: dict[str, str] = {}
    for name, (_, trap) in reversed(traps.items()):  # shipped ones come last
        known = first.setdefault(trap.oid, name)
        if known != name:
            yield Fault(
                str(traps[name][0]), 0, f"traps.{name}: has the OID of {known}; give it that name to replace it"
            )


def _definition(name: str, trap: TrapSection) -> Definition:
    return Definition(
        name, trap.oid, trap.severity, trap.text, tuple(trap.key), trap.index, tuple(trap.clears),
        None if trap.expire is None else float(trap.expire),
    )  # fmt: skip
