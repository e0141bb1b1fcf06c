"""Reading YAML nodes of a rule file: every fault is kept with its line, none ends the reading."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import yaml

from core.config import line_of
from core.errors import Fault
from core.labels import is_label_name
from core.units import parse_duration
from rules.errors import PromqlError, TemplateError
from rules.promql.parse import parse
from rules.promql.plan import Expression
from rules.template import Template

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Text:
    """A text, the node of its key and its own."""

    key: yaml.Node
    node: yaml.Node
    text: str


Entries = dict[str, tuple[yaml.Node, yaml.Node]]  # key: (key's node, value's node)

_UNITS = ("y", "w", "d", "h", "m", "s", "ms")
_NULL = "tag:yaml.org,2002:null"


class Reader:
    """Reads the nodes of one file; `within` makes a reader whose faults name a group or rule.

    Attributes:
        faults: shared by all readers of the file.
    """

    def __init__(self, file: str, faults: list[Fault], where: str = "") -> None:
        self._file = file
        self._where = where
        self.faults = faults

    def within(self, where: str) -> Reader:
        return Reader(self._file, self.faults, f"{self._where}{where}: ")

    def fault(self, node: yaml.Node | int, message: str) -> None:
        """Keep a fault at a node or 1-based line."""
        line = node if isinstance(node, int) else line_of(node)
        self.faults.append(Fault(self._file, line, self._where + message))

    def mapping(self, node: yaml.Node, known: tuple[str, ...] | None) -> Entries:
        """The entries of a mapping; unknown and duplicate keys are faults. None knows every key; null is empty."""
        if node.tag == _NULL:
            return {}
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, "must be a mapping of keys to values")
            return {}
        entries: Entries = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                self.fault(key_node, "a key must be plain text")
            elif key in entries:
                self.fault(key_node, f"{key}: duplicate key; first given in line {line_of(entries[key][0])}")
            elif known is not None and key not in known:
                self.fault(key_node, f"{key}: unknown key; known here: {', '.join(known)}")
            else:
                entries[key] = (key_node, value_node)
        return entries

    def sequence(self, node: yaml.Node, name: str) -> list[yaml.Node]:
        """The items of a list; null is empty."""
        if node.tag == _NULL:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.fault(node, f"{name}: must be a list")
            return []
        return list(node.value)

    def text(self, entries: Entries, key: str) -> str:
        """The text of a key; empty when it is not given, which nobody needs to tell from an empty text."""
        if key not in entries:
            return ""
        key_node, node = entries[key]
        if not isinstance(node, yaml.ScalarNode):
            self.fault(key_node, f"{key}: must be text")
            return ""
        return "" if node.tag == _NULL else str(node.value)

    def duration(self, entries: Entries, key: str) -> float:
        """The seconds of a key, zero when it is not given."""
        return self._converted(entries, key, _duration) or 0.0

    def count(self, entries: Entries, key: str) -> int:
        """The whole number of a key that is not negative, zero when it is not given."""
        return self._converted(entries, key, _whole_number) or 0

    def _converted(self, entries: Entries, key: str, convert: Callable[[str], T]) -> T | None:
        text = self.text(entries, key)
        if key not in entries or entries[key][1].tag == _NULL:
            return None
        try:
            return convert(text)
        except ValueError as error:
            self.fault(entries[key][0], f"{key}: {error}")
            return None

    def expression(self, text: Text, name: str) -> Expression | None:
        """The expression of a text; None when it is wrong, and then there is a fault."""
        try:
            return parse(text.text)
        except PromqlError as error:
            in_block = isinstance(text.node, yaml.ScalarNode) and text.node.style == "|"
            self.fault(line_of(text.node) + error.line if in_block else line_of(text.key), f"{name}: {error}")
            return None

    def texts(self, entries: Entries, key: str) -> dict[str, Text]:
        """The label names and texts of a mapping under a key."""
        if key not in entries:
            return {}
        inner = self.within(key)
        named = inner.mapping(entries[key][1], None)
        return {name: Text(*named[name], inner.text(named, name)) for name in named if inner.label_name(named, name)}

    def label_name(self, entries: Entries, name: str) -> bool:
        """Whether a key may name a label; a fault when not."""
        good = is_label_name(name) and name != "__name__"
        if not good:
            self.fault(entries[name][0], f"{name!r} is no label name; use letters, digits and _, not __name__")
        return good

    def templates(self, texts: Mapping[str, Text], key: str) -> dict[str, Template]:
        """The texts as templates."""
        templates = {}
        for name, text in texts.items():
            try:
                templates[name] = Template(text.text)
            except TemplateError as error:
                self.fault(text.key, f"{key}: {name}: {error}")
        return templates


def _duration(text: str) -> float:
    """Seconds; stricter than `core.units` where Prometheus is."""
    seconds = parse_duration(text)
    units = re.findall("[a-z]+", text)
    if units != sorted(units, key=_UNITS.index):
        raise ValueError(f"{text!r} is no duration; write larger units first, like 1h30m")
    return seconds


def _whole_number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is no whole number")
    return int(text)
