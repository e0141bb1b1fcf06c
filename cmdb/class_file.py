"""The file of CI classes, `configs/cmdb/classes.yaml`: adding a class or an attribute needs no code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import yaml

from cmdb.classes import Attribute, CiClass, Classes
from cmdb.item import BUSINESS_SERVICE, OTHER, SERVER
from cmdb.values import AttributeType, parse_value
from cmdb.views import Label
from core.config import Section, compose, line_of, load
from core.errors import ConfigError, Fault

SHIPPED = Path(__file__).parent.parent / "configs" / "cmdb" / "classes.yaml"

# What an unknown device and a host become, and what impact ends at.
NEEDED = (OTHER, SERVER, BUSINESS_SERVICE)

_PREFIX = re.compile(r"[A-Z][A-Z0-9]{0,7}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class ClassSection(Section, frozen=True):
    """One class in the file; prefix and attributes are inherited from the parent."""

    label: Label
    parent: str | None = None
    prefix: str | None = None
    abstract: bool = False
    attributes: dict[str, Attribute] = msgspec.field(default_factory=dict)


class ClassesFile(Section, frozen=True):
    """The whole file."""

    classes: dict[str, ClassSection]


def load_classes(file: Path = SHIPPED) -> Classes:
    """The classes of a file.

    Raises:
        ConfigError: the file cannot be read, or a class is wrong; every fault names its line.
    """
    sections = load(file, ClassesFile).classes
    checker = _Checker(file, sections)
    for name in sections:
        checker.check(name)
    checker.check_needed()
    if checker.faults:
        raise ConfigError(sorted(checker.faults, key=lambda fault: fault.line))
    return Classes({name: _inherit(name, sections) for name in sections})


def _inherit(name: str, sections: Mapping[str, ClassSection]) -> CiClass:
    lineage = tuple(_lineage(name, sections))
    attributes: dict[str, Attribute] = {}
    for ancestor in reversed(lineage):
        attributes |= sections[ancestor].attributes
    prefix = next((sections[one].prefix for one in lineage if sections[one].prefix), None) or "CI"
    section = sections[name]
    return CiClass(name, section.label, prefix, section.abstract, lineage, attributes)


def _lineage(name: str, sections: Mapping[str, ClassSection]) -> Iterator[str]:
    """The class and its ancestors, stopping at an unknown parent or where a cycle closes."""
    seen: set[str] = set()
    current: str | None = name
    while current is not None and current in sections and current not in seen:
        seen.add(current)
        yield current
        current = sections[current].parent


class _Checker:
    """What the shape of the file cannot say: names, parents, choices, defaults."""

    def __init__(self, file: Path, sections: Mapping[str, ClassSection]) -> None:
        self._file = file
        self._sections = sections
        self._root = compose(file.read_text(encoding="utf-8"), str(file))
        self.faults: list[Fault] = []

    def check_needed(self) -> None:
        """The classes that the product itself names."""
        for name in NEEDED:
            if name not in self._sections or self._sections[name].abstract:
                self._fault(("classes",), f"class {name} is needed and must not be abstract")

    def check(self, name: str) -> None:
        section = self._sections[name]
        path = ("classes", name)
        if not _NAME.fullmatch(name):
            self._fault(path, "a class is named in lower case letters, digits and _")
        if section.prefix is not None and not _PREFIX.fullmatch(section.prefix):
            self._fault((*path, "prefix"), "must be up to 8 capital letters and digits")
        if section.parent is not None and section.parent not in self._sections:
            self._fault((*path, "parent"), f"there is no class {section.parent}")
        *_, last = _lineage(name, self._sections)
        if self._sections[last].parent in self._sections:
            self._fault((*path, "parent"), "the class inherits from itself")
        for attribute, declared in section.attributes.items():
            self._attribute((*path, "attributes", attribute), attribute, declared)

    def _attribute(self, path: tuple[str, ...], name: str, declared: Attribute) -> None:
        if not _NAME.fullmatch(name):
            self._fault(path, "an attribute is named in lower case letters, digits and _")
        if (declared.type is AttributeType.CHOICE) != bool(declared.choices):
            self._fault(path, "choices belong to the type choice, which needs them")
        if declared.default is not None:
            try:
                parse_value(declared.type, declared.default, declared.choices)
            except ValueError as error:
                self._fault((*path, "default"), str(error))

    def _fault(self, path: tuple[str, ...], message: str) -> None:
        node: yaml.Node = self._root
        for step in path:
            if isinstance(node, yaml.MappingNode):
                node = next((value for one, value in node.value if one.value == step), node)
        self.faults.append(Fault(str(self._file), line_of(node), f"{'.'.join(path)}: {message}"))
