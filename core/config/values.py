"""What a section of configuration is made of: units, secrets, and what a section finds wrong with itself."""

from __future__ import annotations

import typing
from collections.abc import Iterable

import msgspec

from core.units import format_duration


class Finding(typing.NamedTuple):
    """What a section's own `check` found wrong.

    Attributes:
        where: keys and list indices below the section, `("targets", 1, "credential")`; a key that was not
            given stands for the section that lacks it.
        message: what is wrong and how to mend it.
    """

    where: tuple[str | int, ...]
    message: str


class Section(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Base of every configuration section; fields without a default are required."""

    def check(self) -> Iterable[Finding]:
        """What is wrong between values that are right by themselves; called once the whole section is read."""
        return ()


class Duration(float):
    """Seconds, written as `15s`; a plain number is refused because its unit would be a guess."""

    __slots__ = ()

    def __repr__(self) -> str:
        return format_duration(self)


class Size(int):
    """Bytes, written as `64MiB`."""

    __slots__ = ()


class Share(float):
    """A part of a whole, written as `50%`; more than all of it, `200%`, where there is more than one whole."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{self * 100:g}%"


class Secret(str):
    """A secret that never shows in a log or a repr.

    In a file it is written as `${ENVIRONMENT_VARIABLE}`, or the key ends in `_file` and names a file
    whose content, less the final newline, is the secret. Plain text is accepted for labs.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"
