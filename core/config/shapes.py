"""What a declared type says to whom fills it in, and where in a document a value is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from core.config.values import Duration, Secret, Share, Size


@cache  # msgspec evaluates the annotations each time, and a profile of a device has hundreds of sections
def fields_of(shape: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    """The fields of a shape by the keys that they have in a file."""
    return {field.encode_name: field for field in msgspec.structs.fields(shape)}


def holds_secret(field: msgspec.structs.FieldInfo | None) -> bool:
    """Whether a key `NAME_file` may stand for this field."""
    return field is not None and (field.type is Secret or Secret in get_args(field.type))


def spell_path(path: str, where: tuple[str | int, ...]) -> str:
    """`path` and what is below it, as people write it: `targets[1].credential`."""
    for step in where:
        path = f"{path}[{step}]" if isinstance(step, int) else join(path, step)
    return path


def tags(shape: Any) -> tuple[str, ...]:
    """The values of a section's `type`, when it is a `Literal`; nothing for any other shape."""
    if not (isinstance(shape, type) and issubclass(shape, msgspec.Struct)):
        return ()
    tag = fields_of(shape).get("type")
    return get_args(tag.type) if tag is not None and get_origin(tag.type) is Literal else ()


def is_words(shape: Any) -> bool:
    """Whether a shape is a choice among words, which may look like numbers."""
    return get_origin(shape) is Literal and all(isinstance(choice, str) for choice in get_args(shape))


def join(path: str, key: str) -> str:
    """The path to a key below `path`."""
    return f"{path}.{key}" if path else key


def spell(shape: Any) -> str:
    """What a value of this shape looks like, for "must be …"."""
    if get_origin(shape) is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(shape))
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    names |= {
        Duration: "a duration like 15s",
        Size: "a size like 64MiB",
        Share: "a percentage like 50%",
        Path: "a path",
        Secret: "a secret",
    }
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        return "a mapping"
    return names.get(shape) or str(getattr(shape, "__name__", shape))
