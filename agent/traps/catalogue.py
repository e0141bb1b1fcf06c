"""Reads definitions of traps: `configs/snmp/traps/*.yaml` and files of one's own in the same shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from agent.traps.catalogue_file import CatalogueFile, TrapSection
from agent.traps.definition import Catalogue, Definition, Object
from core.config import compose, line_of, load
from core.config.nodes import descend
from core.errors import ConfigError, Fault

_NO_OBJECTS = ("", "source")  # fields of a text that stand for something else

# A trap and where it stands.
_Trap = tuple[Path, TrapSection]


@dataclass(slots=True)
class _Read:
    """What all files hold; the first of a name counts, and files of one's own are read first."""

    traps: dict[str, _Trap] = field(default_factory=dict)
    objects: dict[str, Object] = field(default_factory=dict)

    def add(self, file: Path) -> None:
        read = load(file, CatalogueFile)
        for name, trap in read.traps.items():
            self.traps.setdefault(name, (file, trap))
        for name, one in read.objects.items():
            self.objects.setdefault(name, one.object(name))


def shipped_folder() -> Path:
    """Where the shipped definitions are."""
    return Path(str(resources.files("configs"))) / "snmp" / "traps"


def load_catalogue(own: Path | None = None) -> Catalogue:
    """The shipped definitions, and before them those of a folder of one's own.

    Raises:
        ConfigError: the folder is not there, or something in its files is wrong: each fault with file and line.
    """
    if own is not None and not own.is_dir():
        raise ConfigError([Fault(str(own), 0, "is no folder; definitions of traps are *.yaml files in one")])
    read = _Read()
    for folder in [shipped_folder()] if own is None else [own, shipped_folder()]:
        for file in sorted(folder.glob("*.yaml")):
            read.add(file)
    faults = [*_wrong(read), *_doubled(read.traps)]
    if faults:
        raise ConfigError(faults)
    return _build(read)


def _build(read: _Read) -> Catalogue:
    ended = {name for _, trap in read.traps.values() for name in trap.clears}
    definitions: dict[str, Definition] = {}
    for name, (_, trap) in read.traps.items():
        ends_itself = trap.state is not None and bool(trap.state.ends)
        alerts = name in ended or trap.expire is not None or ends_itself
        definitions.setdefault(trap.oid, trap.definition(name, alerts=alerts))
    return Catalogue(definitions, {one.oid: one for one in read.objects.values()})


def _wrong(read: _Read) -> Iterator[Fault]:
    """What does not go together with other definitions."""
    for name, (file, trap) in read.traps.items():
        for where, message in (*_strange_objects(trap, read.objects), *_strange_ends(trap, read.traps)):
            yield _fault(file, ("traps", name, *where), f"traps.{name}: {message}")


def _strange_objects(trap: TrapSection, objects: Mapping[str, Object]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for where, name in trap.objects():
        if name not in objects and name not in _NO_OBJECTS:
            yield where, f"there is no object {name!r}; add it to objects"
    state = trap.state
    words = set(objects[state.object].words.values()) if state and state.object in objects else set()
    for value in (*state.ends, *state.severities) if state and words else ():
        if value not in words:
            yield (
                ("state",),
                f"{state.object if state else ''} is never {value!r}; it has the words {', '.join(sorted(words))}",
            )


def _strange_ends(trap: TrapSection, traps: Mapping[str, _Trap]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for place, name in enumerate(trap.clears):
        if name not in traps:
            yield ("clears", place), f"clears {name!r}, which is no trap"
        elif (traps[name][1].key, traps[name][1].index) != (trap.key, trap.index):
            yield ("clears", place), f"clears {name!r}, which has another key: both must have the same key and index"


def _doubled(traps: Mapping[str, _Trap]) -> Iterator[Fault]:
    """Traps of one OID under two names: the one that other definitions speak of could be the one that is lost."""
    first: dict[str, str] = {}
    for name, (file, trap) in reversed(list(traps.items())):  # shipped ones come last
        known = first.setdefault(trap.oid, name)
        if known != name:
            message = f"traps.{name}: has the OID of {known}; give it that name to replace it"
            yield _fault(file, ("traps", name, "oid"), message)


def _fault(file: Path, where: tuple[str | int, ...], message: str) -> Fault:
    """A fault with its line; without one when the file, which was read before, is another now."""
    try:
        line = line_of(descend(compose(file.read_text(encoding="utf-8"), str(file)), where))
    except (OSError, UnicodeDecodeError, ConfigError, LookupError):
        line = 0
    return Fault(str(file), line, message)
