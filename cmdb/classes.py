"""Classes of configuration items: what they are called, what they inherit and which attributes they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from aiohttp import web

from cmdb.keys import Key, KeyKind, key
from cmdb.values import AttributeType, parse_value
from cmdb.views import AttributeView, ClassView, Label
from core.config import Section
from core.http import FieldError


class Attribute(Section, frozen=True):
    """One attribute of a class.

    Attributes:
        choices: labels by value, for the type choice.
        default: the value of an item that was given none; None for no default.
        identity: the kind of key that the value is.
    """

    type: AttributeType
    label: Label
    required: bool = False
    choices: dict[str, Label] = msgspec.field(default_factory=dict)
    default: Any = None
    identity: Literal["serial", "uuid", "machine_id", "management_address", "fqdn"] | None = None


@dataclass(frozen=True, slots=True)
class CiClass:
    """One class with everything it inherits, the parents' attributes first.

    Attributes:
        prefix: of the codes of its items.
        abstract: it only groups classes and has no items.
        lineage: the class itself, its parent and so on up to the root.
    """

    name: str
    label: Label
    prefix: str
    abstract: bool
    lineage: tuple[str, ...]
    attributes: Mapping[str, Attribute]

    def is_reported(self) -> bool:
        """Whether agents can report its items: some attribute identifies them. A rack or a service is only recorded."""
        return any(attribute.identity is not None for attribute in self.attributes.values())

    def check(self, values: Mapping[str, Any], *, complete: bool) -> tuple[dict[str, Any], list[FieldError]]:
        """The values as they are stored, and what is wrong; None removes a value.

        Args:
            values: by attribute name.
            complete: whether these are all of an item's values, so that defaults apply and required ones are missed.
        """
        good: dict[str, Any] = {}
        wrong: list[FieldError] = []
        for name, value in values.items():
            attribute = self.attributes.get(name)
            if attribute is None:
                wrong.append(FieldError(f"attributes.{name}", f"class {self.name} has no such attribute"))
                continue
            if value is None:
                good[name] = None
                continue
            try:
                good[name] = parse_value(attribute.type, value, attribute.choices)
            except ValueError as error:
                wrong.append(FieldError(f"attributes.{name}", str(error)))
        if complete:
            wrong += self._fill(good, values)
        return good, wrong

    def _fill(self, good: dict[str, Any], given: Mapping[str, Any]) -> Iterator[FieldError]:
        for name, attribute in self.attributes.items():
            if given.get(name) is None and attribute.default is not None:
                good[name] = attribute.default
            elif given.get(name) is None and attribute.required:
                yield FieldError(f"attributes.{name}", "is required")

    def keys(self, values: Mapping[str, Any]) -> frozenset[Key]:
        """The identifying keys among an item's values."""
        found = (
            key(KeyKind(attribute.identity), str(values[name]))
            for name, attribute in self.attributes.items()
            if attribute.identity is not None and values.get(name) is not None
        )
        return frozenset(one for one in found if one is not None)

    def view(self) -> ClassView:
        return ClassView(
            name=self.name,
            label=self.label,
            parent=self.lineage[1] if len(self.lineage) > 1 else None,
            prefix=self.prefix,
            abstract=self.abstract,
            attributes=[
                AttributeView(
                    name=name,
                    type=one.type,
                    label=one.label,
                    required=one.required,
                    choices=one.choices,
                    default=one.default,
                    identity=one.identity,
                )
                for name, one in self.attributes.items()
            ],
        )


class Classes(Mapping[str, CiClass]):
    """All classes by name, in the order of the file."""

    def __init__(self, by_name: Mapping[str, CiClass]) -> None:
        self._by_name = by_name

    def __getitem__(self, name: str) -> CiClass:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def under(self, name: str) -> frozenset[str]:
        """The class and all that inherit from it; empty when there is none of the name."""
        return frozenset(one.name for one in self._by_name.values() if name in one.lineage)

    def concrete(self, name: str | None) -> CiClass | None:
        """The class of this name when it may have items."""
        found = self._by_name.get(name or "")
        return None if found is None or found.abstract else found


CLASSES: web.AppKey[Classes] = web.AppKey("classes", Classes)
