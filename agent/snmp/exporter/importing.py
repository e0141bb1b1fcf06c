"""Writes the modules of an `snmp.yml` as profiles, one file each."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from agent.snmp.exporter.document import Document, Module
from agent.snmp.exporter.tables import Converted, Left, convert_module
from agent.snmp.profiles.compiler import compile_plan
from agent.snmp.profiles.library import shipped
from agent.snmp.profiles.schema import Profile
from core.config import loads
from core.errors import ConfigError, Fault

MADE = "# Made by `forewatch agent import-snmp`"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class Imported(msgspec.Struct, frozen=True):
    """What became of a module.

    Attributes:
        file: the profile; None when there is none.
        metrics: how many of the module's metrics it has.
        own: how many the agent reads of every device anyway.
        left: what was not carried over.
        notes: what to know, though nothing is missing.
    """

    module: str
    file: str | None
    metrics: int
    own: int
    left: list[Left]
    notes: list[str]


def chosen(document: Document, names: Iterable[str], file: Path) -> list[Module]:
    """The modules of these names, all without names.

    Raises:
        ConfigError: there is no module of a name.
    """
    names = list(dict.fromkeys(names))
    known = ", ".join(name if name.isprintable() else repr(name) for name in sorted(document.modules)[:100]) or "none"
    unknown = [name for name in names if name not in document.modules]
    if unknown:
        raise ConfigError([Fault(str(file), 0, f"has no module {name!r}; it has {known}") for name in unknown])
    if not document.modules:
        raise ConfigError([Fault(str(file), 0, "has no modules; is it the snmp.yml that the generator made?")])
    return [document.modules[name] for name in names or document.modules]


def import_module(module: Module, source: Path, folder: Path) -> Imported:
    """Write a module's profile; a file there that was not made by an import is kept, and that is said.

    Raises:
        ConfigError: the folder cannot be written to.
    """
    made = convert_module(module)
    target = folder / f"{module.name}.yaml"
    refusal = _refusal(module, made, target)
    if refusal is None:
        text = render(module, made, source)
        try:
            compile_plan(module.name, [loads(text, Profile, file=str(target))])
        except ConfigError as error:
            refusal = "; ".join(fault.message for fault in error.faults)
        else:
            _write(target, text)
    if refusal is not None:
        left = [Left(module.line, None, refusal), *made.left]
        return Imported(module.name, None, 0, made.own, left, made.notes)
    return Imported(module.name, str(target), made.carried, made.own, made.left, made.notes)


def render(module: Module, made: Converted, source: Path) -> str:
    """The profile's file."""
    head = f"{MADE}; another import of the module overwrites it.\n"
    document = {"description": f"The module {module.name} of {source.name}", "metrics": made.metrics}
    return head + yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=120, allow_unicode=True
    )  # fmt: skip


def _refusal(module: Module, made: Converted, target: Path) -> str | None:
    """Why no profile is written; None when nothing is against it."""
    if not _NAME.fullmatch(module.name):
        return "a profile's name has letters, digits, _ - and . only; give the module another one"
    if target.stem in shipped().names:
        return "its profile would stand in the place of the shipped one of this name; give the module another one"
    if not made.metrics and not made.own:
        return "there is nothing in it to read"
    if os.path.exists(target) and not _is_made(target):  # noqa: PTH110 - of what cannot be looked at writing tells why
        return f"{target} is there and was not made by an import; it is kept"
    return None


def _is_made(target: Path) -> bool:
    try:
        with target.open("rb") as opened:
            return opened.read(len(MADE)) == MADE.encode()
    except OSError:
        return False


def _write(target: Path, text: str) -> None:
    """At once or not at all: an agent may read the folder."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:  # not left there when the disk is full
            draft = Path(folder) / target.name
            draft.write_text(text, encoding="utf-8")
            draft.chmod(0o644)  # nothing in it is secret, and the agent is another user
            draft.replace(target)
    except OSError as error:
        raise ConfigError([Fault(str(target), 0, f"cannot be written: {error.strerror}")]) from error


class _Dumper(yaml.SafeDumper):
    """Writes out what is the same in several places."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True
