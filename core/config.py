"""Strict YAML configuration: msgspec structs declare the shape, every fault names file, line and key path.

    class Snmp(Section):
        timeout: Duration = Duration(2)
        community: Secret | None = None

    config = load(Path("agent.yaml"), AgentConfig)

What is stricter than PyYAML: unknown and duplicate keys are faults; only `true` and `false` are
booleans; `22:00` and `1_000` are text (YAML 1.2 core schema); no tags, no merge keys. All faults of a
file are reported at once.
"""

from __future__ import annotations

import os
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
import yaml

from core.errors import ConfigError, Fault
from core.units import format_duration, parse_duration, parse_percentage, parse_size


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


T = TypeVar("T")

_ENVIRONMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class _Loader(yaml.SafeLoader):
    """Nodes with YAML 1.2 core scalars only."""


# Whole numbers come before: they match this too, and the first resolver that fits wins.
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", _FLOAT, list("-+.0123456789")),
):  # fmt: skip
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


def load(file: Path, shape: type[T], *, environ: Mapping[str, str] | None = None) -> T:
    """Read `file` into `shape`, a `Section` or any type a section may hold.

    Relative `Path` values are taken from the folder of the file.

    Raises:
        ConfigError: the file cannot be read or something in it is wrong.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError([Fault(str(file), 0, f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(str(file), 0, f"is not UTF-8 text: {error.reason}")]) from error
    return loads(text, shape, file=str(file), folder=file.parent, environ=environ)


def loads(
    text: str, shape: type[T], *, file: str, folder: Path = Path(), environ: Mapping[str, str] | None = None
) -> T:
    """As `load`, from text; `file` is named in faults."""
    node = compose(text, file)
    reader = _Reader(file, folder, os.environ if environ is None else environ)
    value = reader.read(node, shape, "")
    if reader.faults or reader.findings:
        raise ConfigError(sorted(reader.faults + reader.findings, key=lambda fault: fault.line))
    return typing.cast(T, value)


def convert(document: Any, shape: type[T], *, name: str) -> T:
    """As `loads`, from a document that came from elsewhere as decoded JSON.

    It cannot reach beyond itself: `${NAME}` in a secret is text, and paths, and secrets from files, are faults.

    Raises:
        ConfigError: something in it is wrong; `name` stands for the file.
    """
    reader = _DocumentReader(name, Path(), {})
    value = reader.read(_node_of(document, name), shape, "")
    if reader.faults or reader.findings:
        raise ConfigError(reader.faults + reader.findings)
    return typing.cast(T, value)


def compose(text: str, file: str) -> yaml.Node:
    """The node tree of one YAML document, scalars tagged by the core schema; an empty document is an empty mapping.

    Raises:
        ConfigError: the text is no YAML.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError([Fault(file, mark.line + 1 if mark else 0, f"is no YAML: {problem}")]) from error
    except yaml.YAMLError as error:
        raise ConfigError([Fault(file, 0, f"is no YAML: {error}")]) from error
    if node is None or (isinstance(node, yaml.ScalarNode) and node.value == ""):
        origin = yaml.Mark(file, 0, 0, 0, None, 0)
        return yaml.MappingNode("tag:yaml.org,2002:map", [], origin, origin)
    return node


def line_of(node: yaml.Node) -> int:
    """1-based line where a node begins."""
    return int(node.start_mark.line) + 1


class _Reader:
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
        if _is_null(node) and len(members) < len(get_args(shape)):
            return None
        if len(members) == 1:
            return self.read(node, members[0], path)
        tags = {word: member for member in members for word in _tags(member)}
        if tags and isinstance(node, yaml.MappingNode):
            return self._tagged(node, tags, path)
        for member in members:
            trial = type(self)(self._file, self._folder, self._environ)
            value = trial.read(node, member, path)
            if not trial.faults:
                self.findings += trial.findings
                return value
        return self._fault(node, path, f"must be one of {', '.join(_spell(member) for member in members)}")

    def _tagged(self, node: yaml.MappingNode, tags: Mapping[str, Any], path: str) -> Any:
        """One of several sections, told apart by the `Literal` of their `type`: the faults are that section's own."""
        given = next((value for key, value in node.value if key.value == "type"), None)
        choices = ", ".join(tags)
        if given is None:
            return self._fault(node, _join(path, "type"), f"is required: one of {choices}")
        if not isinstance(given, yaml.ScalarNode) or given.value not in tags:
            return self._fault(given, _join(path, "type"), f"must be one of {choices}")
        return self.read(node, tags[given.value], path)

    def _struct(self, node: yaml.Node, shape: type[msgspec.Struct], path: str) -> Any:
        entries = self._entries(node, path)
        if entries is None:
            return None
        fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
        values: dict[str, Any] = {}
        before = len(self.faults)
        for key, (key_node, value_node) in entries.items():
            field = fields.get(key)
            if field is not None:
                values[field.name] = self.read(value_node, field.type, _join(path, key))
            elif key.endswith("_file") and _holds_secret(fields.get(key[:-5])):
                values[fields[key[:-5]].name] = self._secret_from_file(value_node, _join(path, key))
            else:
                known = ", ".join(sorted(fields))
                self._fault(key_node, _join(path, key), f"unknown key; known here: {known}")
        for name, field in fields.items():
            if field.required and field.name not in values:
                self._fault(node, _join(path, name), "is required")
        if len(self.faults) > before:
            return None
        try:
            built = shape(**values)  # __post_init__ may refuse with ValueError
        except (ValueError, TypeError) as error:
            return self._fault(node, path, str(error))
        for finding in built.check() if isinstance(built, Section) else ():
            message = f"{_spell_path(path, finding.where)}: {finding.message}"
            self.findings.append(Fault(self._file, line_of(_descend(node, finding.where)), message))
        return built

    def _mapping(self, node: yaml.Node, shape: Any, path: str) -> dict[str, Any] | None:
        entries = self._entries(node, path)
        if entries is None:
            return None
        return {key: self.read(value, shape, _join(path, key)) for key, (_, value) in entries.items()}

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
        return _plain(node)

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
                self._fault(key_node, _join(path, key_node.value), f"duplicate key; first given in line {first}")
            else:
                entries[key_node.value] = (key_node, value_node)
        return entries

    def _scalar(self, node: yaml.Node, shape: Any, path: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            return self._fault(node, path, f"must be {_spell(shape)}")
        try:
            return self._leaf(node, shape)
        except msgspec.ValidationError:
            return self._fault(node, path, f"must be {_spell(shape)}, not {node.value!r}")
        except ValueError as error:
            return self._fault(node, path, str(error))

    def _leaf(self, node: yaml.ScalarNode, shape: Any) -> Any:
        special = self._special.get(shape)
        if special is not None:
            return special(node.value)
        value = _plain(node)
        if value is not None and (shape is str or _is_words(shape)):
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


class _DocumentReader(_Reader):
    """Reads what somebody else sent: nothing in it names files or the environment of this machine."""

    def __init__(self, file: str, folder: Path, environ: Mapping[str, str]) -> None:
        super().__init__(file, folder, environ)
        self._special |= {Secret: Secret, Path: _refuse_path}

    def _secret_from_file(self, node: yaml.Node, path: str) -> Secret | None:
        self._fault(node, path, "a file of this machine cannot be named from elsewhere")
        return None


def _refuse_path(_text: str) -> Path:
    raise ValueError("a path of this machine cannot be given from elsewhere")


def _node_of(value: Any, name: str) -> yaml.Node:
    """Decoded JSON as the tree that the text of a file becomes."""
    mark = yaml.Mark(name, 0, -1, 0, None, 0)
    prefix = "tag:yaml.org,2002:"
    if isinstance(value, Mapping):
        pairs = [(_node_of(str(key), name), _node_of(item, name)) for key, item in value.items()]
        return yaml.MappingNode(f"{prefix}map", pairs, mark, mark)
    if isinstance(value, list):
        return yaml.SequenceNode(f"{prefix}seq", [_node_of(item, name) for item in value], mark, mark)
    kinds = {bool: "bool", int: "int", float: "float", type(None): "null"}
    text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
    return yaml.ScalarNode(f"{prefix}{kinds.get(type(value), 'str')}", text, mark, mark)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _plain(node: yaml.Node) -> Any:
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return node.value.lower() == "true"
    if kind == "int":
        return int(node.value)
    if kind == "float":
        return float(
            node.value.replace(".inf", "inf").replace(".nan", "nan").replace(".Inf", "inf").replace(".NaN", "nan")
        )
    return node.value


def _holds_secret(field: msgspec.structs.FieldInfo | None) -> bool:
    return field is not None and (field.type is Secret or Secret in get_args(field.type))


def _descend(node: yaml.Node, where: tuple[str | int, ...]) -> yaml.Node:
    """The node at `where` below `node`, or the deepest one on the way that exists."""
    for step in where:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            continue
        if not isinstance(node, yaml.MappingNode):
            break
        below = next((value for key, value in node.value if key.value == step), None)
        if below is None:
            break
        node = below
    return node


def _spell_path(path: str, where: tuple[str | int, ...]) -> str:
    for step in where:
        path = f"{path}[{step}]" if isinstance(step, int) else _join(path, step)
    return path


def _tags(shape: Any) -> tuple[str, ...]:
    """The values of a section's `type`, when it is a `Literal`; nothing for any other shape."""
    if not (isinstance(shape, type) and issubclass(shape, msgspec.Struct)):
        return ()
    tag = next((field.type for field in msgspec.structs.fields(shape) if field.encode_name == "type"), None)
    return get_args(tag) if get_origin(tag) is Literal else ()


def _is_words(shape: Any) -> bool:
    """Whether a shape is a choice among words, which may look like numbers."""
    return get_origin(shape) is Literal and all(isinstance(choice, str) for choice in get_args(shape))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _spell(shape: Any) -> str:
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
