"""Reads MIB files with pysmi's parser, SMIv1 and SMIv2, with what makers' files have of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import ConfigError, Fault

MOST_BYTES = 8 * 2**20  # of a file; the longest of a maker has three
MOST_FILES = 5_000
_ENDINGS = ("", ".txt", ".mib", ".my", ".smi", ".asn", ".asn1")

_HEAD = 65_536  # octets; comments stand before the first word

Part = str | int  # of a number: the name of another node first, then numbers


@dataclass(frozen=True, slots=True)
class Syntax:
    """The type of an object.

    Attributes:
        name: as written: `INTEGER`, `Gauge32`, `DisplayString`, the name of a textual convention, `table`, `row`.
        values: names by number, of an enumeration or of bits.
        length: octets, where there is but one length.
    """

    name: str
    values: dict[int, str] = field(default_factory=dict)
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Object:
    """An OBJECT-TYPE.

    Attributes:
        access: `read-only`, `not-accessible`, … in lower case.
        index: of a row: the objects of its index, and whether the length of the last is implied.
        augments: of a row: the row whose index it has.
    """

    name: str
    syntax: Syntax
    access: str
    status: str
    index: tuple[tuple[str, bool], ...] = ()
    augments: str | None = None


@dataclass(slots=True)
class Module:
    """A MIB module.

    Attributes:
        imports: names from other modules, by name.
        nodes: what every name's number is made of.
        types: textual conventions.
        identity: the name of its MODULE-IDENTITY.
    """

    name: str
    file: Path
    imports: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, tuple[Part, ...]] = field(default_factory=dict)
    objects: dict[str, Object] = field(default_factory=dict)
    types: dict[str, Syntax] = field(default_factory=dict)
    identity: str | None = None


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The MIB files that paths name: themselves, or those of a folder.

    Raises:
        ConfigError: there is nothing at a path, or far too much.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found |= dict.fromkeys(sorted(one for one in path.rglob("*") if _is_mib(one)))
        elif path.is_file():
            found[path] = None
        else:
            raise ConfigError([Fault(str(path), 0, "is neither a file nor a folder")])
    if len(found) > MOST_FILES:
        raise ConfigError([Fault(str(next(iter(found))), 0, f"and others: more than {MOST_FILES} files")])
    return list(found)


def read_modules(files: Iterable[Path]) -> tuple[list[Module], list[Fault]]:
    """The modules of files; the second value names the files that cannot be read.

    Raises:
        ConfigError: pysmi is not installed.
    """
    modules: list[Module] = []
    faults: list[Fault] = []
    parser = _parser()
    for file in files:
        try:
            text = _text(file)
            trees = parser.parse(text)
            if not trees:
                raise ValueError("there is no whole module in it")  # noqa: TRY301 - one place for all that is wrong
            modules += [_module(tree, file) for tree in trees]
        except (OSError, UnicodeDecodeError, ValueError) as error:
            faults.append(Fault(str(file), 0, f"cannot be read: {error}"))
        except Exception as error:  # noqa: BLE001 - a file may be anything, and pysmi raises what it likes
            faults.append(Fault(str(file), getattr(error, "lineno", 0) or 0, f"is no MIB: {_reason(error)}"))
            parser = _parser()  # its state is of the broken file
    return modules, faults


def _parser() -> Any:
    try:
        from pysmi.parser import SmiStarParser  # noqa: PLC0415 - an extra of the few who write profiles
    except ImportError:
        raise ConfigError([Fault("pysmi", 0, "is not installed: pip install 'forewatch[mibs]'")]) from None
    return SmiStarParser(tempdir="")


def _is_mib(file: Path) -> bool:
    """Whether a file of a folder is one, by its name and its first words; a folder has licences and the like too."""
    if file.suffix.lower() not in _ENDINGS or file.name.startswith(".") or not file.is_file():
        return False
    try:
        with file.open("rb") as opened:
            return b"DEFINITIONS" in opened.read(_HEAD)
    except OSError:
        return True  # whoever reads it says what is wrong


def _text(file: Path) -> str:
    with file.open("rb") as opened:
        octets = opened.read(MOST_BYTES + 1)
    if len(octets) > MOST_BYTES:
        raise ValueError(f"longer than {MOST_BYTES // 2**20} MiB")
    return octets.decode("utf-8", "replace")  # names are ASCII; descriptions are anything


def _reason(error: Exception) -> str:
    text = str(getattr(error, "msg", "") or error or type(error).__name__)
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200]


def _module(tree: Any, file: Path) -> Module:
    name, _, imports, declarations = tree
    module = Module(name, file, {symbol: source for source, of in (imports or {}).items() for symbol in of})
    for declared in declarations or ():
        kind, what, *rest = declared
        if kind == "typeDeclaration":
            module.types |= _type(what, rest[0])
            continue
        number = rest[-1] if rest else None
        if kind != "trapTypeClause" and isinstance(number, tuple) and number[0] == "objectIdentifier":
            module.nodes[what] = tuple(one[1] if isinstance(one, tuple) else one for one in number[1])
        if kind == "objectTypeClause":
            module.objects[what] = _object(what, rest)
        elif kind == "moduleIdentityClause":
            module.identity = what
    return module


def _type(name: str, right: Any) -> dict[str, Syntax]:
    """A textual convention; a SEQUENCE is none."""
    if not isinstance(right, tuple) or not isinstance(right[-1], tuple) or right[-1][0] == "SEQUENCE":
        return {}
    return {name: _syntax(right[-1])}


def _object(name: str, rest: list[Any]) -> Object:
    words = {part[0]: part[1] for part in rest[1:] if isinstance(part, tuple) and len(part) == 2}
    augments = next((part for part in rest[1:] if isinstance(part, str)), None)
    return Object(
        name=name,
        syntax=_syntax(rest[0]),
        access=str(words.get("MaxAccessPart", words.get("AccessPart", ""))).lower(),
        status=str(words.get("Status", "")).lower(),
        index=tuple((of, bool(implied)) for implied, of in _index(words.get("INDEX"))),
        augments=augments,
    )


def _index(given: Any) -> Iterator[tuple[int, str]]:
    for one in given or ():
        if isinstance(one, tuple) and len(one) == 2 and isinstance(one[1], str):
            yield one


def _syntax(given: Any) -> Syntax:
    if given[0] == "conceptualTable":
        return Syntax("table")
    if given[0] == "row":
        return Syntax(str(given[1]))
    if given[0] == "BITS":
        return Syntax("BITS", {number: name for name, number in given[1]})
    more = given[2] if len(given) > 2 and isinstance(given[2], tuple) else (None, [])
    values = {number: name for name, number in more[1]} if more[0] == "enumSpec" else {}
    sizes = more[1] if more[0] == "octetStringSubType" else []
    fixed = len(sizes) == 1 and len(set(sizes[0])) == 1 and isinstance(sizes[0][0], int)
    return Syntax(str(given[1]), values, sizes[0][0] if fixed else None)
