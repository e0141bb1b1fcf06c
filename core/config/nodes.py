"""YAML as a tree of nodes with lines: scalars by the YAML 1.2 core schema, no tags, no merge keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from core.errors import ConfigError, Fault


class Loader(yaml.SafeLoader):
    """Nodes with YAML 1.2 core scalars only."""


# Whole numbers come before: they match this too, and the first resolver that fits wins.
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", _FLOAT, list("-+.0123456789")),
):  # fmt: skip
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


def compose(text: str, file: str) -> yaml.Node:
    """The node tree of one YAML document, scalars tagged by the core schema; an empty document is an empty mapping.

    Raises:
        ConfigError: the text is no YAML.
    """
    try:
        node = yaml.compose(text, Loader=Loader)
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


def node_of(value: Any, name: str) -> yaml.Node:
    """Decoded JSON as the tree that the text of a file becomes."""
    mark = yaml.Mark(name, 0, -1, 0, None, 0)
    prefix = "tag:yaml.org,2002:"
    if isinstance(value, Mapping):
        pairs = [(node_of(str(key), name), node_of(item, name)) for key, item in value.items()]
        return yaml.MappingNode(f"{prefix}map", pairs, mark, mark)
    if isinstance(value, list):
        return yaml.SequenceNode(f"{prefix}seq", [node_of(item, name) for item in value], mark, mark)
    kinds = {bool: "bool", int: "int", float: "float", type(None): "null"}
    text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
    return yaml.ScalarNode(f"{prefix}{kinds.get(type(value), 'str')}", text, mark, mark)


def is_null(node: yaml.Node) -> bool:
    """Whether a node is nothing: `null`, `~` or no text at all."""
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def plain(node: yaml.Node) -> Any:
    """A scalar as its tag says: None, a Boolean, a number or text."""
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


def descend(node: yaml.Node, where: tuple[str | int, ...]) -> yaml.Node:
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
