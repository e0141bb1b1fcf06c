"""Reads `snmp.yml`, in the layout with `auths` and `modules` (from 0.23 on) and in the flat one before it.

What is wrong with one metric leaves out that metric, not the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

from agent.snmp.exporter.nodes import Plain, compose, entries, is_null, line_of
from core.errors import ConfigError, Fault

T = TypeVar("T")


class Index(msgspec.Struct, forbid_unknown_fields=True):
    """A component of a table's index."""

    labelname: str
    type: str = "gauge"
    fixed_size: int = 0
    implied: bool = False
    enum_values: dict[int, str] = {}


class Lookup(msgspec.Struct, forbid_unknown_fields=True):
    """A label that is a column of another table; without `labels` the label is dropped."""

    labelname: str
    labels: list[str] = []
    oid: str = ""
    type: str = ""


class Extract(msgspec.Struct, forbid_unknown_fields=True):
    """A number in a text."""

    regex: str
    value: str = "$1"


class Metric(msgspec.Struct, forbid_unknown_fields=True):
    """An object that becomes a metric."""

    name: str
    oid: str
    type: str
    help: str = ""
    indexes: list[Index] = []
    lookups: list[Lookup] = []
    regex_extracts: dict[str, list[Extract]] = {}
    enum_values: dict[int, str] = {}
    datetime_pattern: str = ""
    scale: float = 0.0
    offset: float = 0.0


class Auth(msgspec.Struct):
    """How devices are asked; secrets are read only to say that there are some."""

    version: int = 2
    community: str = ""
    security_level: str = "noAuthNoPriv"
    username: str = ""
    password: str = ""
    auth_protocol: str = "MD5"
    priv_protocol: str = "DES"
    priv_password: str = ""
    context_name: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of the file that could not be read."""

    line: int
    name: str
    message: str


@dataclass(slots=True)
class Module:
    """A module.

    Attributes:
        lines: where each of `metrics` stands.
        options: keys besides walk, get and metrics, such as `retries` and `filters`.
        auth: of the flat layout.
    """

    name: str
    line: int
    walk: list[str] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    auth: Auth | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What a file has."""

    modules: dict[str, Module]
    auths: dict[str, Auth]


def read_document(file: Path) -> Document:
    """Read a file.

    Raises:
        ConfigError: it cannot be read, is no snmp.yml, or is beyond the bounds of `agent.snmp.exporter.nodes`.
    """
    reader = _Reader(file)
    top = entries(compose(file), file)
    if "modules" in top or "auths" in top:
        modules, auths = (entries(top.get(key), file) for key in ("modules", "auths"))
        return Document(
            {name: reader.module(name, node) for name, node in modules.items()},
            {name: reader.auth(node) for name, node in auths.items()},
        )
    found = {name: reader.module(name, node) for name, node in top.items()}
    if not any(module.metrics or module.walk for module in found.values()):
        raise ConfigError([Fault(str(file), 0, "has no modules; is it the snmp.yml that the generator made?")])
    return Document(found, {})


class _Reader:
    """Reads the parts of one file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._plain = Plain(file)

    def module(self, name: str, node: yaml.Node) -> Module:
        parts = entries(node, self._file)
        module = Module(name, line_of(node))
        for key in ("walk", "get"):
            self._add_walk(module, key, parts.pop(key, None))
        for one in self._metrics(parts.pop("metrics", None)):
            self._add_metric(module, one)
        module.auth = self._flat_auth(parts)
        module.options = [key for key in parts if key not in ("version", "auth")]
        return module

    def auth(self, node: yaml.Node) -> Auth:
        read = self._read(node, Auth)
        if isinstance(read, Unread):
            raise ConfigError([Fault(str(self._file), read.line, read.message)])
        return read or Auth()

    def _metrics(self, node: yaml.Node | None) -> list[yaml.Node]:
        if node is None or is_null(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise ConfigError([Fault(str(self._file), line_of(node), "metrics must be a list")])
        return list(node.value)

    def _add_walk(self, module: Module, key: str, node: yaml.Node | None) -> None:
        found = self._read(node, list[str])
        if isinstance(found, Unread):
            module.unread.append(Unread(found.line, key, found.message))
        else:
            module.walk += [oid.strip(".") for oid in found or []]

    def _add_metric(self, module: Module, node: yaml.Node) -> None:
        read = self._read(node, Metric)
        if isinstance(read, Metric):
            module.metrics.append(read)
            module.lines.append(line_of(node))
        else:
            module.unread.append(Unread(line_of(node), _name_of(node), read.message if read else "is empty"))

    def _flat_auth(self, parts: dict[str, yaml.Node]) -> Auth | None:
        if "version" not in parts and "auth" not in parts:
            return None
        auth = self.auth(parts["auth"]) if "auth" in parts else Auth()
        version = self._read(parts.get("version"), int)
        return msgspec.structs.replace(auth, version=version) if isinstance(version, int) else auth

    def _read(self, node: yaml.Node | None, shape: type[T]) -> T | Unread | None:
        """A part of the file as a shape; None when there is nothing."""
        if node is None:
            return None
        try:
            plain = self._plain.read(node)
            return None if plain is None else msgspec.convert(plain, shape, strict=False, str_keys=True)
        except ValueError as error:  # msgspec's too
            return Unread(line_of(node), "", str(error))


def _name_of(node: yaml.Node) -> str:
    pairs: Iterator[tuple[yaml.Node, yaml.Node]] = iter(node.value if isinstance(node, yaml.MappingNode) else ())
    names = (value.value for key, value in pairs if key.value == "name" and isinstance(value, yaml.ScalarNode))
    return next(names, "a metric without a name")
