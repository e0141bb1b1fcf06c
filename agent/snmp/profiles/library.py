"""Finds profiles: those that are shipped, and a folder of one's own whose files come before shipped ones of that name.

At the start only the heads of the files are read, all that stands before `metadata` and `metrics`; a file as a whole
when a device needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path

from agent.snmp.profiles.compiler import compile_plan
from agent.snmp.profiles.plan import Plan
from agent.snmp.profiles.schema import Profile
from core.config import loads
from core.errors import ConfigError, Fault

DEFAULT = "_standard"  # of devices that no profile fits
_BODY = re.compile(r"^(metadata|metrics):", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Head:
    """What decides whether a profile is a device's."""

    name: str
    file: Path
    patterns: tuple[str, ...]
    descr: re.Pattern[str] | None

    def rank(self, object_id: str, descr: str) -> tuple[bool, int] | None:
        """How well it fits a device, more is better; None when it does not."""
        if self.descr is not None and not self.descr.search(descr):
            return None
        fitting = [len(pattern.rstrip("*")) for pattern in self.patterns if fnmatchcase(object_id, pattern)]
        if not self.patterns and self.descr is not None:
            fitting = [0]
        return (self.descr is not None, max(fitting)) if fitting else None


class Library:
    """The profiles of some folders.

    Args:
        folders: looked through in this order; the first that has a name has it for all.

    Raises:
        ConfigError: a head cannot be read.
    """

    def __init__(self, folders: list[Path]) -> None:
        self._files: dict[str, Path] = {}
        for folder in folders:
            for file in sorted(folder.glob("*.yaml")):
                self._files.setdefault(file.stem, file)
        self._heads = [_read_head(file) for name, file in sorted(self._files.items()) if not name.startswith("_")]
        self._profiles: dict[str, Profile] = {}
        self._plans: dict[str, Plan] = {}

    @property
    def names(self) -> list[str]:
        """The names of all profiles that devices may have."""
        return [head.name for head in self._heads]

    def match(self, object_id: str, descr: str) -> str | None:
        """The name of the profile that fits a device best, None when none does.

        One with a `sysdescr` before those without; then the longest pattern; then the first by name.
        """
        ranked = [(rank, head.name) for head in self._heads if (rank := head.rank(object_id, descr)) is not None]
        best = max((rank for rank, _ in ranked), default=None)
        return next((name for rank, name in ranked if rank == best), None)

    def plan(self, name: str) -> Plan:
        """What a profile means.

        Raises:
            ConfigError: there is no such file, or something in it or in those that it extends is wrong.
        """
        known = self._plans.get(name)
        if known is None:
            known = self._plans[name] = compile_plan(name, self._with_extended(name, (), set()))
        return known

    def _with_extended(self, name: str, way: tuple[str, ...], seen: set[str]) -> Iterator[Profile]:
        """A profile and what it extends, each once."""
        if name in way:
            raise ConfigError([Fault(str(self._files[name]), 1, f"extends itself by way of {' → '.join(way)}")])
        if name in seen:
            return
        seen.add(name)
        profile = self._profile(name, way[-1] if way else None)
        yield profile
        for extended in profile.extends:
            yield from self._with_extended(extended.removesuffix(".yaml"), (*way, name), seen)

    def _profile(self, name: str, wanted_by: str | None) -> Profile:
        known = self._profiles.get(name)
        if known is not None:
            return known
        file = self._files.get(name)
        if file is None:
            place = str(self._files[wanted_by]) if wanted_by else name
            raise ConfigError([Fault(place, 0, f"there is no profile {name!r}; known: {', '.join(self.names)}")])
        read = self._profiles[name] = _read(file)
        return read


def shipped_folder() -> Path:
    """Where the shipped profiles are."""
    return Path(str(resources.files("configs"))) / "snmp"


@cache
def shipped() -> Library:
    """The shipped profiles."""
    return Library([shipped_folder()])


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Fault(str(file), 0, f"cannot be read: {error}")]) from error


def _head_text(text: str) -> str:
    return _BODY.split(text, maxsplit=1)[0]


def _read_head(file: Path) -> Head:
    profile = loads(_head_text(_text(file)), Profile, file=str(file), folder=file.parent)
    descr = re.compile(profile.sysdescr) if profile.sysdescr else None
    return Head(file.stem, file, tuple(profile.patterns), descr)


def _read(file: Path) -> Profile:
    text = _text(file)
    profile = loads(text, Profile, file=str(file), folder=file.parent)
    head = loads(_head_text(text), Profile, file=str(file), folder=file.parent)
    if (head.patterns, head.sysdescr, head.extends) != (profile.patterns, profile.sysdescr, profile.extends):
        message = "extends, sysobjectid and sysdescr stand before metadata and metrics"
        raise ConfigError([Fault(str(file), 1, message)])
    return profile
