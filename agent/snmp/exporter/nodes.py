"""YAML that may be anybody's, as nodes with their lines: bounded in size, depth and number of entries.

Parts that refer to others (`*anchor`) are read as often as they are referred to, which counts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from core.errors import ConfigError, Fault

MOST_BYTES = 16 * 2**20
MOST_ENTRIES = 1_000_000  # a generated file of every module there is has half of them
MOST_DEPTH = 16
_NULLS = ("", "~", "null", "Null", "NULL")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is several times as fast


def compose(file: Path) -> yaml.Node | None:
    """The file as a tree; None when it is empty.

    Raises:
        ConfigError: it cannot be read, is no YAML, or is beyond the bounds.
    """
    text = _text(file)
    try:
        _check_events(text, file)
        return yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError([Fault(str(file), line, f"is no YAML: {error.problem}")]) from error
    except yaml.YAMLError as error:
        raise ConfigError([Fault(str(file), 0, f"is no YAML: {error}")]) from error


def entries(node: yaml.Node | None, file: Path) -> dict[str, yaml.Node]:
    """The entries of a mapping; none of an empty node.

    Raises:
        ConfigError: it is something else, or a key is given twice.
    """
    if node is None or is_null(node):
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError([Fault(str(file), line_of(node), "must be a mapping of names to what they mean")])
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError([Fault(str(file), line_of(key), "a key must be plain text")])
        if key.value in found:
            raise ConfigError([Fault(str(file), line_of(key), f"{key.value!r} is given twice")])
        found[key.value] = value
    return found


class Plain:
    """Turns nodes into text, lists and dicts; all nodes of a file together are bounded."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._left = MOST_ENTRIES

    def read(self, node: yaml.Node, depth: int = 0) -> Any:
        """What a node says: all that it says of a scalar is its text. Null entries are left out, as if not given.

        Raises:
            ValueError: a key is given twice, or is no plain text.
            ConfigError: the file is beyond the bounds.
        """
        self._left -= 1
        if self._left < 0 or depth > MOST_DEPTH:
            raise ConfigError([Fault(str(self._file), line_of(node), "is too much, with all that it refers to")])
        if isinstance(node, yaml.SequenceNode):
            return [self.read(one, depth + 1) for one in node.value]
        if isinstance(node, yaml.MappingNode):
            if not all(isinstance(key, yaml.ScalarNode) for key, _ in node.value):
                raise ValueError("a key must be plain text")  # spelled out, a list of lists of lists has no end
            pairs = [(key.value, value) for key, value in node.value]
            if len(dict(pairs)) < len(pairs):
                raise ValueError("a key is given twice")
            return {key: self.read(value, depth + 1) for key, value in pairs if not is_null(value)}
        return None if is_null(node) else node.value


def is_null(node: yaml.Node) -> bool:
    """Whether there is nothing."""
    return isinstance(node, yaml.ScalarNode) and node.style in (None, "") and node.value in _NULLS


def line_of(node: yaml.Node) -> int:
    """1-based line where a node begins."""
    return int(node.start_mark.line) + 1


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            octets = opened.read(MOST_BYTES + 1)
        if len(octets) > MOST_BYTES:
            raise ConfigError([Fault(str(file), 0, f"is longer than {MOST_BYTES // 2**20} MiB")])
        return octets.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Fault(str(file), 0, f"cannot be read: {error}")]) from error


def _check_events(text: str, file: Path) -> None:
    """Refuse what would cost too much as a tree, before there is one."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
        if depth > MOST_DEPTH or count > MOST_ENTRIES:
            what = (
                f"is nested deeper than {MOST_DEPTH}" if depth > MOST_DEPTH else f"has more than {MOST_ENTRIES} entries"
            )
            mark = event.start_mark
            raise ConfigError([Fault(str(file), mark.line + 1 if mark else 0, what)])
