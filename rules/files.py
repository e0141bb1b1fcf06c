"""Prometheus' rule files, read strictly: all faults of all files at once, each with file, line, group and rule.

groups:
  - name: hosts            # unique in the file
    interval: 15s          # optional
    limit: 100             # optional: alerts or series a rule may yield
    labels: {team: core}   # optional: of every rule that does not say otherwise
    rules:
      - alert: HostDown
        expr: up == 0
        for: 30s
        keep_firing_for: 5m
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.instance }} is down"}
      - record: instance:load:avg5m
        expr: avg_over_time(node_load1[5m])
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from core.config import compose, line_of
from core.errors import ConfigError, Fault
from core.labels import is_metric_name, quote
from rules.alerting import AlertingRule
from rules.nodes import Entries, Reader, Text
from rules.promql.parse import parse
from rules.promql.plan import Expression
from rules.recording import RecordingRule

RECOVER = "forewatch_recover"  # annotation: an expression that must hold before an alert clears

_GROUP_KEYS = ("name", "interval", "limit", "labels", "rules")
_RULE_KEYS = ("alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations")
_NOT_FOR_RECORD = ("for", "keep_firing_for", "annotations")

_NOTHING = parse("vector(0) > 0")  # stands for an expression that cannot be used; such a file is never loaded

Rule = AlertingRule | RecordingRule


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, in their order.

    Attributes:
        interval_seconds: None when the file leaves it to the server.
        limit: how many alerts or series one of the rules may yield; 0 is no limit.
    """

    name: str
    file: str
    interval_seconds: float | None
    limit: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules in force, groups in the order of the files."""

    groups: tuple[Group, ...] = ()

    def alerting(self) -> dict[str, AlertingRule]:
        """The alerting rules by key."""
        return {rule.key: rule for group in self.groups for rule in group.rules if isinstance(rule, AlertingRule)}


def expand(patterns: Sequence[str], folder: Path) -> list[Path]:
    """The files that the patterns of `rule_files` name, sorted and each once; relative ones are taken from `folder`.

    Raises:
        ConfigError: a name without wildcards names no file. A pattern that matches nothing is no error.
    """
    found: dict[Path, None] = {}
    faults = []
    for pattern in patterns:
        path = folder / Path(pattern).expanduser()
        if any(mark in pattern for mark in "*?["):
            base = Path(path.anchor or ".")
            found |= dict.fromkeys(sorted(base.glob(str(path.relative_to(path.anchor)))))
        elif path.is_file():
            found[path] = None
        else:
            faults.append(Fault(str(path), 0, "rule file does not exist"))
    if faults:
        raise ConfigError(faults)
    return list(found)


def load_rule_files(paths: Sequence[Path]) -> RuleSet:
    """The rules of some files.

    Raises:
        ConfigError: a file cannot be read or something in one is wrong; nothing is loaded then.
    """
    faults: list[Fault] = []
    groups: list[Group] = []
    keys = _Keys()
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            faults.append(Fault(str(path), 0, f"cannot be read: {error.strerror}"))
        except UnicodeDecodeError as error:
            faults.append(Fault(str(path), 0, f"is not UTF-8 text: {error.reason}"))
        else:
            groups += _read(text, str(path), faults, keys)
    if faults:
        raise ConfigError(faults)
    return RuleSet(tuple(groups))


def loads(text: str, file: str = "rules.yaml") -> RuleSet:
    """As `load_rule_files`, of one file's text; `file` is named in faults."""
    faults: list[Fault] = []
    groups = _read(text, file, faults, _Keys())
    if faults:
        raise ConfigError(faults)
    return RuleSet(tuple(groups))


class _Keys:
    """Gives every rule a key that a reload gives it again: a hash of group, name and labels.

    Rules that agree in all three are told apart by their order.
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def next(self, group: str, name: str, labels: dict[str, str]) -> str:
        digest = hashlib.sha256()
        for part in (group, name, *(part for pair in sorted(labels.items()) for part in pair)):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\xff")
        key = digest.hexdigest()[:16]
        self._seen[key] += 1
        return key if self._seen[key] == 1 else f"{key}-{self._seen[key]}"


def _read(text: str, file: str, faults: list[Fault], keys: _Keys) -> list[Group]:
    before = len(faults)
    try:
        root = compose(text, file)
    except ConfigError as error:
        faults += error.faults
        return []
    reader = Reader(file, faults)
    entries = reader.mapping(root, ("groups",))
    nodes = reader.sequence(entries["groups"][1], "groups") if "groups" in entries else []
    groups = []
    lines: dict[str, int] = {}
    for number, node in enumerate(nodes, 1):
        group = _group(reader, file, node, number, keys)
        if group.name in lines:
            reader.fault(node, f"group {quote(group.name)}: duplicate name; first given in line {lines[group.name]}")
        lines.setdefault(group.name, line_of(node))
        groups.append(group)
    faults[before:] = sorted(faults[before:], key=lambda fault: fault.line)
    return groups


def _group(reader: Reader, file: str, node: yaml.Node, number: int, keys: _Keys) -> Group:
    name = _name(node, ("name",)) or f"#{number}"
    inner = reader.within(f"group {quote(name)}")
    entries = inner.mapping(node, _GROUP_KEYS)
    if not inner.text(entries, "name"):
        inner.fault(node, "name: is required")
    interval, limit = inner.duration(entries, "interval"), inner.count(entries, "limit")
    nodes = inner.sequence(entries["rules"][1], "rules") if "rules" in entries else []
    shared = inner.texts(entries, "labels")
    read = [_rule(inner, file, name, rule, place, keys, shared) for place, rule in enumerate(nodes, 1)]
    return Group(name, file, interval or None, limit, tuple(rule for rule in read if rule is not None))


def _rule(
    reader: Reader, file: str, group: str, node: yaml.Node, number: int, keys: _Keys, shared: dict[str, Text]
) -> Rule | None:
    name = _name(node, ("alert", "record"))
    inner = reader.within(f"rule {quote(name or f'#{number}')}")
    if not isinstance(node, yaml.MappingNode):
        inner.fault(node, "must be a mapping of keys to values")
        return None
    before = len(reader.faults)
    entries = inner.mapping(node, _RULE_KEYS)
    if "alert" in entries and "record" in entries:
        inner.fault(node, "has both alert and record; a rule is one of them")
    elif not name:
        inner.fault(node, "needs alert or record with the rule's name")
    expression, labels = _expression(inner, entries, node), shared | inner.texts(entries, "labels")
    key = keys.next(group, name, {label: text.text for label, text in labels.items()})
    make = _recording if "record" in entries else _alerting
    rule = make(inner, entries, name, expression, labels, key, file, line_of(node))
    return rule if len(reader.faults) == before else None


def _expression(reader: Reader, entries: Entries, rule: yaml.Node) -> Expression:
    """The rule's expression; another one, and a fault, when it has none that can be used."""
    if "expr" in entries and isinstance(entries["expr"][1], yaml.ScalarNode):
        text = Text(*entries["expr"], reader.text(entries, "expr"))
        if text.text.strip():
            return reader.expression(text, "expr") or _NOTHING
    elif "expr" in entries:
        reader.text(entries, "expr")
        return _NOTHING
    reader.fault(rule, "expr: is required")
    return _NOTHING


def _alerting(
    reader: Reader, entries: Entries, name: str, expression: Expression, labels: dict[str, Text],
    key: str, file: str, line: int,
) -> Rule:  # fmt: skip
    annotations = reader.texts(entries, "annotations")
    recover = annotations.pop(RECOVER, None)
    holds = None
    if recover is not None and recover.text.strip():
        holds = reader.expression(recover, RECOVER)
    elif recover is not None:
        reader.fault(recover.key, f"{RECOVER}: is empty")
    return AlertingRule(
        key, name, expression, reader.duration(entries, "for"), reader.duration(entries, "keep_firing_for"),
        reader.templates(labels, "labels"), reader.templates(annotations, "annotations"), holds, file, line,
    )  # fmt: skip


def _recording(
    reader: Reader, entries: Entries, name: str, expression: Expression, labels: dict[str, Text],
    key: str, file: str, line: int,
) -> Rule:  # fmt: skip
    for unwanted in _NOT_FOR_RECORD:
        if unwanted in entries:
            reader.fault(entries[unwanted][0], f"{unwanted}: is for alerting rules, not for recording rules")
    if name and not is_metric_name(name):
        reader.fault(entries["record"][0], f"record: {name!r} is no metric name; use letters, digits, _ and :")
    return RecordingRule(key, name, expression, {label: text.text for label, text in labels.items()}, file, line)


def _name(node: yaml.Node, keys: tuple[str, ...]) -> str:
    """The text of the first of some keys, before anything is known to be right."""
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if key_node.value in keys and isinstance(value_node, yaml.ScalarNode):
                return str(value_node.value)
    return ""
