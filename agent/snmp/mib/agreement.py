"""Whether the names and numbers of profiles agree with MIBs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import yaml

from agent.snmp.mib.tree import Tree
from core.config import compose, line_of
from core.errors import ConfigError, Fault

_ENTERPRISES = ["1", "3", "6", "1", "4", "1"]


class Named(NamedTuple):
    """An object as a profile names it.

    Attributes:
        mib: the `MIB` of the entry that it is in.
        suffixed: the name is the MIB's with an ending.
    """

    line: int
    oid: str
    name: str
    mib: str | None
    suffixed: bool


@dataclass(slots=True)
class Agreement:
    """What was found.

    Attributes:
        agreed: how many names have their number.
        faults: names that have another one.
        unknown: names that no MIB here has, by the MIB that the profile says.
    """

    agreed: int = 0
    faults: list[Fault] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)


class Names:
    """The names and numbers of all MIBs."""

    def __init__(self, tree: Tree) -> None:
        self._by_name: dict[str, dict[str, str]] = defaultdict(dict)  # name → number → module
        self._by_number: dict[str, dict[str, str]] = defaultdict(dict)  # number → name → module
        for module, name, number in tree.numbers():
            self._by_name[name].setdefault(number, module)
            self._by_number[number].setdefault(name, module)

    def fault(self, named: Named) -> str | None:
        """What is wrong with a name; empty when nothing is, None when no MIB has it."""
        number = named.oid.removesuffix(".0")
        there = self._by_number.get(number, {})
        if named.name in there or (named.suffixed and any(named.name.startswith(name) for name in there)):
            return ""
        known = self._by_name.get(named.name, {})
        known = {other: module for other, module in known.items() if _owner(other) == _owner(number)}
        if known:
            spelled = ", ".join(f"{other} in {module}" for other, module in known.items())
            return f"{named.name} is {spelled}, not {number}"
        if there:
            spelled = ", ".join(f"{name} in {module}" for name, module in there.items())
            return f"{number} is {spelled}, not {named.name}"
        return None


def _owner(number: str) -> list[str]:
    """Whose names are below a number: a maker's, or the standards'. Two makers may have the same name."""
    arcs = number.split(".")
    return arcs[:7] if arcs[:6] == _ENTERPRISES else arcs[:6]


def compare(file: Path, names: Names, into: Agreement) -> None:
    """Compare a profile.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Fault(str(file), 0, f"cannot be read: {error}")]) from error
    for named in objects(compose(text, str(file)), None):
        fault = names.fault(named)
        if fault is None:
            into.unknown[named.mib or "no MIB named"] += 1
        elif fault:
            into.faults.append(Fault(str(file), named.line, fault))
        else:
            into.agreed += 1


def objects(node: yaml.Node, mib: str | None) -> Iterator[Named]:
    """Everything in a profile that has an OID and a name."""
    if isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from objects(one, mib)
    if not isinstance(node, yaml.MappingNode):
        return
    parts = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    texts = {key: value.value for key, value in parts.items() if isinstance(value, yaml.ScalarNode)}
    mib = texts.get("MIB", mib)
    if "OID" in texts and "name" in texts:
        # The text of an enumeration is a label of the object's name, and the metric's has an ending.
        name = texts.get("label", texts["name"]) if "enum" in texts else texts["name"]
        yield Named(line_of(parts["OID"]), texts["OID"], name, mib, "extracts" in parts)
    for value in parts.values():
        yield from objects(value, mib)
