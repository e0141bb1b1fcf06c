"""The beginning of a profile, from a MIB: everything that can be read, to be cut down to what somebody will look at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from agent.snmp.mib.kinds import CONTROLS, COUNTERS, KNOWN, NUMBERS, index_format, text_format
from agent.snmp.mib.source import Module, Object, Syntax
from agent.snmp.mib.tree import Tree

_READABLE = ("read-only", "read-write", "read-create")
_PAST = ("obsolete", "deprecated")
_NAMES = re.compile(r"(name|descr|description|alias|label)$", re.IGNORECASE)
_LABEL = re.compile(r"[^a-zA-Z0-9_]")  # names of MIBs may have a hyphen
_ADDRESS = ("InetAddressType", "InetAddress")
_MOST_VALUES = 12  # of an enumeration in a comment


@dataclass(frozen=True, slots=True)
class _Place:
    """An object and where it is; `entry` is the row's number, None for a scalar."""

    number: str
    object: Object
    entry: str | None


def skeleton(tree: Tree, module: Module) -> str:
    """A profile's text, with a comment for whatever is left to its reader."""
    places = sorted(_places(tree, module), key=lambda place: [int(arc) for arc in place.number.split(".")])
    entries = dict.fromkeys(place.entry for place in places)
    lines = [
        f"# Begun from {module.name}: cut it down to what somebody will look at, and say what is a sensor.",
        f"description: {_scalar(module.name)}",
        "extends: [_standard.yaml]",
        *_pattern(tree, module),
        "",
        "metrics:",
    ]
    for entry in entries:
        lines += _entry(tree, module, entry, [place for place in places if place.entry == entry])
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _pattern(tree: Tree, module: Module) -> Iterator[str]:
    number = tree.number(module, module.identity) if module.identity else None
    arcs = (number or "").split(".")
    if arcs[:6] == ["1", "3", "6", "1", "4", "1"] and len(arcs) > 6:
        yield f"sysobjectid: {'.'.join(arcs[:7])}.*"
    else:
        yield "# sysobjectid: says which devices get it"


def _places(tree: Tree, module: Module) -> Iterator[_Place]:
    rows = {tree.number(module, name) for name, of in module.objects.items() if of.index or of.augments}
    for name, of in module.objects.items():
        number = tree.number(module, name)
        control = tree.syntax(module, of.syntax, KNOWN).name in CONTROLS
        if number is None or of.access not in _READABLE or of.status in _PAST or control:
            continue
        parent = number.rpartition(".")[0]
        yield _Place(number, of, parent if parent in rows else None)


def _entry(tree: Tree, module: Module, entry: str | None, places: list[_Place]) -> Iterator[str]:
    symbols: list[str] = []
    tags: list[str] = []
    for place in places:
        syntax = tree.syntax(module, place.object.syntax, KNOWN)
        line = _symbol(place, syntax)
        if line is None:
            symbols.append(f"      # {place.object.name}: its type {syntax.name} is in no MIB that was given")
        elif entry is not None and _NAMES.search(place.object.name) and text_format(syntax) == "text":
            tags.append(f"      - {{symbol: {{OID: {place.number}, name: {_name(place.object.name)}}}}}")
        else:
            symbols += [*_values(place.object.name, syntax), f"      - {line}"]
    index = [] if entry is None else _index(tree, module, entry)
    head = [] if entry is None else [_table(tree, module, entry)]
    if index is None or not any(line.startswith("      - ") for line in symbols):
        why = "its index cannot be told from the MIBs that were given" if index is None else "nothing of it is a metric"
        yield f"  # {entry}: {why}"
        return
    yield from (f"  - MIB: {_scalar(module.name)}", *head, "    symbols:", *symbols)
    if entry is not None:
        yield from ("    metric_tags:", *index, *tags)


def _symbol(place: _Place, syntax: Syntax) -> str | None:
    """A symbol in one line; None when its type is not known."""
    number = place.number if place.entry else f"{place.number}.0"
    said = f"OID: {number}, name: {_name(place.object.name)}"
    if syntax.name in COUNTERS:
        return f"{{{said}, metric_type: counter}}"
    if syntax.name == "BITS":
        names = ", ".join(f"{place}: {_scalar(name)}" for place, name in syntax.values.items())
        return f"{{{said}, enum: bits, mapping: {{{names}}}}}"
    if syntax.name in NUMBERS or syntax.values:
        return f"{{{said}}}"
    form = text_format(syntax)
    return None if form is None else f"{{{said}, format: {form}}}"


def _values(name: str, syntax: Syntax) -> Iterator[str]:
    if syntax.values and syntax.name != "BITS":
        named = [f"{number} {text}" for number, text in list(syntax.values.items())[:_MOST_VALUES]]
        yield f"      # {name}: {', '.join(named)}{', …' if len(syntax.values) > _MOST_VALUES else ''}"


def _table(tree: Tree, module: Module, entry: str) -> str:
    number = entry.rpartition(".")[0]
    name = next((name for name in module.nodes if tree.number(module, name) == number), "table")
    return f"    table: {{OID: {number}, name: {_name(name)}}}"


def _index(tree: Tree, module: Module, entry: str) -> list[str] | None:
    """The tags of a row's index; None when a type of it is not known."""
    row = next(of for name, of in module.objects.items() if tree.number(module, name) == entry)
    home = module
    while row.augments is not None:
        found = tree.object(home, row.augments)
        if found is None or found[1] is row:
            return None
        home, row = found
    types: list[tuple[str, Syntax, bool]] = []
    for name, implied in row.index:
        of = tree.object(home, name)
        if of is None:
            return None
        types.append((name, tree.syntax(of[0], of[1].syntax, KNOWN), implied))
    return _tags(types)


def _tags(types: list[tuple[str, Syntax, bool]]) -> list[str] | None:
    lines: list[str] = []
    before = ""
    for place, (name, syntax, implied) in enumerate(types):
        following = types[place + 1][1].name if place + 1 < len(types) else ""
        form = index_format(syntax, implied=implied)
        if (before, syntax.name) == _ADDRESS:
            form = {"format": "inet"}
        before = syntax.name
        if (before, following) == _ADDRESS:
            continue  # one component with the address
        if form is None:
            return None
        said = "".join(f", {key}: {value}" for key, value in form.items())
        lines.append(f"      - {{tag: {_name(name)}, index: {len(lines) + 1}{said}}}")
    return lines


def _name(name: str) -> str:
    return _LABEL.sub("_", name)


def _scalar(text: str) -> str:
    """Text as YAML reads it back."""
    return str(yaml.safe_dump(text, default_flow_style=True, width=1000)).removesuffix("...\n").strip()
