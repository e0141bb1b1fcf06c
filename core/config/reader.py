"""Turns a tree of YAML nodes into values of a declared type."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import msgspec
import yaml

from core.config.nodes import descend, is_null, line_of, plain
from core.config.shapes import fields_of, holds_secret, is_words, join, spell, spell_path, tags
from core.config.values import Duration, Secret, Section, Share, Size
from core.errors import Fault
from core.units import parse_duration, parse_percentage, parse_size

_ENVIRONMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Reader:
    """Turns nodes into values of a declared type, collecting faults instead of stopping at the first."""

    def __init__(self, file: str, folder: Path, environ: Mapping[str, str]) -> None:
        self._file = file
        self._folder = folder
        self._environ = environ
        self.faults: list[Fault] = []  # a value could not be read
        self.findings: list[Fault] = []  # every value was read, some do not go together
        self._special: dict[Any, Callable[[str], Any]] = {
            Duration: lambda text: Duration(parse_duration(text)),
            Size: lambda text: Size(parse_size(text)),
            Share: lambda text: Share(parse_percentage(text)),
            Secret: self._secret,
            Path: lambda text: self._folder / Path(text).expanduser(),
        }

    def read(self, node: yaml.Node, shape: Any, path: str) -> Any:
        """The value of `node` as `shape`; None where it is noted in `faults`. `path` leads there: `snmp.targets`."""
        origin = get_origin(shape)
        if origin in (Union, types.UnionType):
            return self._union(node, shape, path)
        if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
            return self._struct(node, shape, path)
        if origin in (dict, Mapping) or shape is dict:
            return self._mapping(node, (get_args(shape) or (str, Any))[1], path)
        if origin in (list, tuple) or shape in (list, tuple):
            items = self._list(node, (get_args(shape) or (Any,))[0], path)
            return tuple(items) if (origin or shape) is tuple else items
        if shape is Any:
            return self._any(node, path)
        return self._scalar(node, shape, path)

    def _union(self, node: yaml.Node, shape: Any, path: str) -> Any:
        members = [member for member in get_args(shape) if member is not type(None)]
        if is_null(node) and len(members) < len(get_args(shape)):
            return None
        if len(members) == 1:
            return self.read(node, members[0], path)
        by_tag = {word: member for member in members for word in tags(member)}
        if by_tag and isinstance(node, yaml.MappingNode):
            return self._tagged(node, by_tag, path)
        for member in members:
            trial = type(self)(self._file, self._folder, self._environ)
            value = trial.read(node, member, path)
            if not trial.faults:
                self.findings += trial.findings
                return value
        return self._fault(node, path, f"must be one of {', '.join(spell(member) for member in members)}")

    def _tagged(self, node: yaml.MappingNode, by_tag: Mapping[str, Any], path: str) -> Any:
        """One of several sections, told apart by the `Literal` of their `type`: the faults are that section's own."""
        given = next((value for key, value in node.value if key.value == "type"), None)
        choices = ", ".join(by_tag)
        if given is None:
            return self._fault(node, join(path, "type"), f"is required: one of {choices}")
        if not isinstance(given, yaml.ScalarNode) or given.value not in by_tag:
            return self._fault(given, join(path, "type"), f"must be one of {choices}")
        return self.read(node, by_tag[given.value], path)

    def _struct(self, node: yaml.Node, shape: type[msgspec.Struct], path: str) -> Any:
        entries = self._entries(node, path)
        if entries is None:
            return None
        fields = fields_of(shape)
        values: dict[str, Any] = {}
        before = len(self.faults)
        for key, (key_node, value_node) in entries.items():
            field = fields.get(key)
            if field is not None:
                values[field.name] = self.read(value_node, field.type, join(path, key))
            elif key.endswith("_file") and holds_secret(fields.get(key[:-5])):
                values[fields[key[:-5]].name] = self._secret_from_file(value_node, join(path, key))
            else:
                known = ", ".join(sorted(fields))
                self._fault(key_node, join(path, key), f"unknown key; known here: {known}")
        for name, field in fields.items():
            if field.required and field.name not in values:
                self._fault(node, join(path, name), "is required")
        if len(self.faults) > before:
            return None
        try:
            built = shape(**values)  # __post_init__ may refuse with ValueError
        except (ValueError, TypeError) as error:
            return self._fault(node, path, str(error))
        for finding in built.check() if isinstance(built, Section) else ():
            message = f"{spell_path(path, finding.where)}: {finding.message}"
            self.findings.append(Fault(self._file, line_of(descend(node, finding.where)), message))
        return built

    def _mapping(self, node: yaml.Node, shape: Any, path: str) -> dict[str, Any] | None:
        entries = self._entries(node, path)
        if entries is None:
            return None
        return {key: self.read(value, shape, join(path, key)) for key, (_, value) in entries.items()}

    def _list(self, node: yaml.Node, shape: Any, path: str) -> list[Any]:
        if not isinstance(node, yaml.SequenceNode):
            self._fault(node, path, "must be a list")
            return []
        return [self.read(item, shape, f"{path}[{index}]") for index, item in enumerate(node.value)]

    def _any(self, node: yaml.Node, path: str) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, Any, path)
        if isinstance(node, yaml.SequenceNode):
            return self._list(node, Any, path)
        return plain(node)

    def _entries(self, node: yaml.Node, path: str) -> dict[str, tuple[yaml.Node, yaml.Node]] | None:
        if not isinstance(node, yaml.MappingNode):
            self._fault(node, path, "must be a mapping of keys to values")
            return None
        entries: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(key_node, path, "a key must be plain text")
            elif key_node.value in entries:
                first = line_of(entries[key_node.value][0])
                self._fault(key_node, join(path, key_node.value), f"duplicate key; first given in line {first}")
            else:
                entries[key_node.value] = (key_node, value_node)
        return entries

    def _scalar(self, node: yaml.Node, shape: Any, path: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            return self._fault(node, path, f"must be {spell(shape)}")
        try:
            return self._leaf(node, shape)
        except msgspec.ValidationError:
            return self._fault(node, path, f"must be {spell(shape)}, not {node.value!r}")
        except ValueError as error:
            return self._fault(node, path, str(error))

    def _leaf(self, node: yaml.ScalarNode, shape: Any) -> Any:
        special = self._special.get(shape)
        if special is not None:
            return special(node.value)
        value = plain(node)
        if value is not None and (shape is str or is_words(shape)):
            value = node.value  # 5, 1.0 and true are good text where text is wanted
        return msgspec.convert(value, shape)

    def _secret(self, text: str) -> Secret:
        def look_up(match: re.Match[str]) -> str:
            if match[1] not in self._environ:
                raise ValueError(f"environment variable {match[1]} is not set")
            return self._environ[match[1]]

        return Secret(_ENVIRONMENT.sub(look_up, text))

    def _secret_from_file(self, node: yaml.Node, path: str) -> Secret | None:
        file = self.read(node, Path, path)
        if file is None:
            return None
        try:
            return Secret(file.read_text(encoding="utf-8").rstrip("\n"))
        except (OSError, UnicodeDecodeError) as error:
            self._fault(node, path, f"{file} cannot be read: {getattr(error, 'strerror', None) or error}")
            return None

    def _fault(self, node: yaml.Node, path: str, message: str) -> Any:
        """Note what is wrong; returns None, which stands for the value until the faults are raised."""
        self.faults.append(Fault(self._file, line_of(node), f"{path}: {message}" if path else message))


class DocumentReader(Reader):
    """Reads what somebody else sent: nothing in it names files or the environment of this machine."""

    def __init__(self, file: str, folder: Path, environ: Mapping[str, str]) -> None:
        super().__init__(file, folder, environ)
        self._special |= {Secret: Secret, Path: _refuse_path}

    def _secret_from_file(self, node: yaml.Node, path: str) -> Secret | None:
        self._fault(node, path, "a file of this machine cannot be named from elsewhere")
        return None


def _refuse_path(_text: str) -> Path:
    raise ValueError("a path of this machine cannot be given from elsewhere")
