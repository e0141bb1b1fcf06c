"""What a declared type says to whom fills it in, and where in a document a value is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from core.config.values import Duration, Secret, Share, Size


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
    tag = next((field.type for field in msgspec.structs.fields(shape) if field.encode_name == "type"), None)
    return get_args(tag) if get_origin(tag) is Literal else ()


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
