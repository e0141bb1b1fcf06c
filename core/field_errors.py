"""What is wrong with a document, in the words of its fields: msgspec's messages told by path and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

_PLACE = re.compile(r"(?P<message>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_NO_CHOICE = re.compile(r"Invalid enum value .*", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[[^]]*\]")


def field_error(error: msgspec.ValidationError, shape: Any) -> tuple[str, str]:
    """Where and what: the path of the field that is wrong, `` for the document itself, and what it must be.

    A field that is missing or unknown is named by its own path, not by that of the object around it.
    """
    found = _PLACE.fullmatch(str(error))
    assert found is not None, "the pattern takes everything"
    path, message = found["path"] or "", found["message"]
    if missing := _MISSING.fullmatch(message):
        return _join(path, missing["name"]), "is required"
    if unknown := _UNKNOWN.fullmatch(message):
        return _join(path, unknown["name"]), _known_here(_fields_at(shape, path))
    if _NO_CHOICE.fullmatch(message) and (choices := _choices_at(shape, path)):
        return path.lstrip("."), f"must be one of {', '.join(choices)}"
    return path.lstrip("."), message


def _join(path: str, name: str) -> str:
    return f"{path}.{name}".lstrip(".")


def _known_here(names: list[str]) -> str:
    return f"unknown; known here: {', '.join(names)}" if names else "unknown"


def _fields_at(shape: Any, path: str) -> list[str]:
    return sorted(
        {field.encode_name for kind in _types_at(shape, path) if isinstance(kind, inspect.StructType)
         for field in kind.fields}
    )  # fmt: skip


def _choices_at(shape: Any, path: str) -> list[str]:
    return [
        str(value)
        for kind in _types_at(shape, path)
        for value in (
            [member.value for member in kind.cls] if isinstance(kind, inspect.EnumType)
            else kind.values if isinstance(kind, inspect.LiteralType) else []
        )
    ]  # fmt: skip


def _types_at(shape: Any, path: str) -> list[inspect.Type]:
    """Every type that may stand at a path such as `.targets[0].job`."""
    kinds = list(_alternatives(inspect.type_info(shape)))
    for step in _STEP.finditer(path):
        kinds = [inner for kind in kinds for inside in _inside(kind, step[1]) for inner in _alternatives(inside)]
    return kinds


def _alternatives(kind: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _alternatives(one)
    elif isinstance(kind, inspect.Metadata):
        yield from _alternatives(kind.type)
    else:
        yield kind


def _inside(kind: inspect.Type, name: str | None) -> Iterator[inspect.Type]:
    """What a field of an object (`name`), or an item of a list or value of a mapping (None), is."""
    if name is not None and isinstance(kind, inspect.StructType):
        yield from (field.type for field in kind.fields if field.encode_name == name)
    elif isinstance(kind, inspect.ListType | inspect.VarTupleType | inspect.SetType):
        yield kind.item_type
    elif isinstance(kind, inspect.DictType):
        yield kind.value_type
