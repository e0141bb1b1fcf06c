"""The file of CI classes, `configs/cmdb/classes.yaml`: adding a class or an attribute needs no code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from cmdb.classes import Attribute, CiClass, Classes
from cmdb.item import BUSINESS_SERVICE, OTHER, SERVER
from cmdb.values import AttributeType, parse_value
from cmdb.views import Label
from core.config import Finding, Section, load

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

    def check(self) -> Iterator[Finding]:
        if self.prefix is not None and not _PREFIX.fullmatch(self.prefix):
            yield Finding(("prefix",), "must be up to 8 capital letters and digits")
        for name, attribute in self.attributes.items():
            if not _NAME.fullmatch(name):
                yield Finding(("attributes", name), "an attribute is named in lower case letters, digits and _")
            for where, message in _wrong_attribute(attribute):
                yield Finding(("attributes", name, *where), message)


class ClassesFile(Section, frozen=True):
    """The whole file."""

    classes: dict[str, ClassSection]

    def check(self) -> Iterator[Finding]:
        for name, section in self.classes.items():
            if not _NAME.fullmatch(name):
                yield Finding(("classes", name), "a class is named in lower case letters, digits and _")
            if section.parent is not None and section.parent not in self.classes:
                yield Finding(("classes", name, "parent"), f"there is no class {section.parent}")
            *_, last = _lineage(name, self.classes)
            if self.classes[last].parent in self.classes:
                yield Finding(("classes", name, "parent"), "the class inherits from itself")
        for name in NEEDED:
            if name not in self.classes or self.classes[name].abstract:
                yield Finding(("classes",), f"class {name} is needed and must not be abstract")


def load_classes(file: Path = SHIPPED) -> Classes:
    """The classes of a file.

    Raises:
        ConfigError: the file cannot be read, or a class is wrong; every fault names its line.
    """
    sections = load(file, ClassesFile).classes
    return Classes({name: _inherit(name, sections) for name in sections})


def _wrong_attribute(attribute: Attribute) -> Iterator[tuple[tuple[str, ...], str]]:
    if (attribute.type is AttributeType.CHOICE) != bool(attribute.choices):
        yield ("choices",), "belong to the type choice, which needs them"
    if attribute.default is not None:
        try:
            parse_value(attribute.type, attribute.default, attribute.choices)
        except ValueError as error:
            yield ("default",), str(error)


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
