"""Rule files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from core.errors import ConfigError
from rules.alerting import AlertingRule
from rules.files import expand, load_rule_files, loads
from rules.recording import RecordingRule
from rules.template_functions import FUNCTIONS
from tests.servers.require import require_program

GOOD = """\
groups:
  - name: hosts
    interval: 15s
    limit: 10
    rules:
      - alert: HostDown
        expr: up == 0
        for: 30s
        keep_firing_for: 5m
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.instance }} is down"
          forewatch_recover: min_over_time(up[1m]) == 1
      - record: job:up:sum
        expr: sum by (job) (up)
        labels: {team: ops}
  - name: empty
"""


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loads(text, "r.yaml")
    return [str(fault) for fault in caught.value.faults]


def rule(body: str) -> str:
    """A file with one rule whose first line is line 4."""
    lines = body.splitlines()
    return "groups:\n  - name: g\n    rules:\n" + "\n".join(
        ("      - " if number == 0 else "        ") + line for number, line in enumerate(lines)
    )


def test_a_file_is_read_with_everything_in_it() -> None:
    group, empty = loads(GOOD).groups
    down, total = group.rules
    assert (group.name, group.interval_seconds, group.limit) == ("hosts", 15, 10)
    assert (empty.interval_seconds, empty.limit, empty.rules) == (None, 0, ())
    assert isinstance(down, AlertingRule)
    assert (down.name, down.for_seconds, down.keep_firing_for_seconds, down.line) == ("HostDown", 30, 300, 6)
    assert down.recover is not None
    assert down.recover.text == "min_over_time(up[1m]) == 1"
    assert set(down.annotations) == {"summary"}
    assert isinstance(total, RecordingRule)
    assert (total.record, total.labels) == ("job:up:sum", {"team": "ops"})


def test_labels_of_a_group_are_those_of_its_rules_which_may_say_otherwise() -> None:
    text = GOOD.replace(
        "    limit: 10\n", "    limit: 10\n    labels: {team: core, severity: minor, of: '{{ $labels.job }}'}\n"
    )
    down, total = loads(text).groups[0].rules
    assert isinstance(down, AlertingRule)
    assert {name: template.text for name, template in down.labels.items()} == {
        "team": "core", "severity": "critical", "of": "{{ $labels.job }}",
    }  # fmt: skip
    assert isinstance(total, RecordingRule)
    assert total.labels == {"team": "ops", "severity": "minor", "of": "{{ $labels.job }}"}, (
        "as Prometheus: no templates"
    )


def test_promtool_agrees_that_the_file_is_good(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(GOOD)
    subprocess.run([require_program("promtool", "prometheus"), "check", "rules", file], check=True, capture_output=True)


def test_an_empty_file_has_no_groups() -> None:
    assert loads("").groups == ()
    assert loads("groups:\n").groups == ()


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        (rule("alert: A\nexpr: up =="), ['r.yaml:5: group "g": rule "A": expr: 1:6: syntax error'], "bad PromQL"),
        (rule("alert: A\nexpr: |\n  up\n    + * 3"),
         ['r.yaml:7: group "g": rule "A": expr: 2:5: syntax error'], "the line within a block"),
        (rule("alert: A"), ['r.yaml:4: group "g": rule "A": expr: is required'], "no expression"),
        (rule("alert: A\nexpr: ''"), ['r.yaml:4: group "g": rule "A": expr: is required'], "an empty expression"),
        (rule("expr: up"), ['r.yaml:4: group "g": rule "#1": needs alert or record with the rule\'s name'], "no name"),
        (rule("alert: A\nrecord: b\nexpr: up"),
         ['r.yaml:4: group "g": rule "A": has both alert and record; a rule is one of them'], "both"),
        (rule("alert: A\nexpr: up\nfour: 5m"),
         [('r.yaml:6: group "g": rule "A": four: unknown key; known here: alert, record, expr, for, keep_firing_for, '
          "labels, annotations")], "a slip of the pen"),
        (rule("alert: A\nexpr: up\nexpr: down"),
         ['r.yaml:6: group "g": rule "A": expr: duplicate key; first given in line 5'], "a key twice"),
        (rule("alert: A\nexpr: up\nfor: 5"),
         ['r.yaml:6: group "g": rule "A": for: \'5\' is no duration; write one like 500ms, 15s, 5m, 6h, 30d'],
         "a number without unit"),
        (rule("alert: A\nexpr: up\nlabels:\n  a-b: c"),
         ['r.yaml:7: group "g": rule "A": labels: \'a-b\' is no label name; use letters, digits and _, not __name__'],
         "a bad label name"),
        (rule("alert: A\nexpr: up\nlabels: {__name__: c}"),
         [('r.yaml:6: group "g": rule "A": labels: \'__name__\' is no label name; use letters, digits and _, '
          "not __name__")], "the metric's name"),
        (rule("alert: A\nexpr: up\nannotations:\n  summary: '{{ $value | nope }}'"),
         [('r.yaml:7: group "g": rule "A": annotations: summary: {{ $value | nope }} uses nope, which is '
          f"not supported; known here: {', '.join(sorted((*FUNCTIONS, 'printf', 'query')))}")], "a bad template"),
        (rule("alert: A\nexpr: up\nlabels: [a]"),
         ['r.yaml:6: group "g": rule "A": labels: must be a mapping of keys to values'], "a list of labels"),
        (rule("alert: A\nexpr: up\nannotations: {forewatch_recover: 'up =='}"),
         ['r.yaml:6: group "g": rule "A": forewatch_recover: 1:6: syntax error'], "a bad recovery"),
        (rule("alert: A\nexpr: up\nannotations: {forewatch_recover: ''}"),
         ['r.yaml:6: group "g": rule "A": forewatch_recover: is empty'], "an empty recovery"),
        (rule("record: a-b\nexpr: up"),
         ['r.yaml:4: group "g": rule "a-b": record: \'a-b\' is no metric name; use letters, digits, _ and :'],
         "a bad name of a series"),
        (rule("record: a:b\nexpr: up\nfor: 5m"),
         ['r.yaml:6: group "g": rule "a:b": for: is for alerting rules, not for recording rules'], "for"),
        (rule("alert: A\nexpr: [up]"),
         ['r.yaml:5: group "g": rule "A": expr: must be text'], "no text"),
        ("groups: {}\n", ["r.yaml:1: groups: must be a list"], "no list of groups"),
        ("group: []\n", ["r.yaml:1: group: unknown key; known here: groups"], "a slip at the top"),
        ("groups:\n  - rules: []\n", ['r.yaml:2: group "#1": name: is required'], "a group without a name"),
        ("groups:\n  - name: g\n  - name: g\n",
         ['r.yaml:3: group "g": duplicate name; first given in line 2'], "a group twice"),
        ("groups:\n  - name: g\n    limit: -1\n",
         ['r.yaml:3: group "g": limit: \'-1\' is no whole number'], "a limit below zero"),
        ("groups:\n  - name: g\n    rules: [up]\n",
         ['r.yaml:3: group "g": rule "#1": must be a mapping of keys to values'], "no rule at all"),
        ("- a\n", ["r.yaml:1: must be a mapping of keys to values"], "another kind of file"),
        ("groups: [\n", [("r.yaml:2: is no YAML: while parsing a flow node, expected the node content, but found "
                         "'<stream end>'")], "no YAML"),
    ],
)  # fmt: skip
def test_a_fault_names_file_line_group_and_rule(text: str, expected: list[str], reason: str) -> None:
    assert faults(text) == expected, reason


@pytest.mark.parametrize(
    "text",
    [
        rule("alert: A\nexpr: up\nfor: 1m1h"),
        rule("alert: A\nexpr: up\nfor: -5m"),
        rule("alert: A\nexpr: up\nfor: 1.5m"),
        rule("alert: A\nexpr: up\nfor: ''"),
        rule("alert: A\nexpr: up\nfor:"),
        rule("alert: A\nexpr: up\nfor: 0"),
        rule("alert: A\nexpr: up\nfor: 1d12h"),
        rule("alert: A\nexpr: up\nkeep_firing_for: 5m"),
        rule("alert: ''\nexpr: up"),
        rule("alert: 5\nexpr: 5"),
        rule("alert: A\nexpr: up\nlabels: {a: 1}"),
        rule("alert: A\nexpr: up\nlabels: {a: [1]}"),
        rule("alert: A\nexpr: up\nlabels: {alertname: x}"),
        rule("alert: A\nexpr: up\nlabels:"),
        rule("alert: A\nexpr: up\nannotations: {a-b: c}"),
        rule("alert: A\nexpr: up\nannotations: {a: '{{ $labels.x }'}"),
        rule("alert: A\nexpr: 'x{a=~\"(\"}'"),
        rule("alert: A\nexpr: 'x{a=~\"(?=a)\"}'"),
        rule("alert: A\nexpr: sum(x) by (a) + ignoring() y"),
        rule("record: a\nexpr: up\nlabels: {__name__: x}"),
        rule("record: a\nexpr: up\nlabels: {a: '{{ $x }}'}"),
        rule("record: a b\nexpr: up"),
        "groups:\n  - name: g\n    interval: 0s\n",
        "groups:\n  - name: g\n    interval: ''\n",
        "groups:\n  - name: ''\n",
        "groups:\n  - name: g\n  - name: g\n",
    ],
)
def test_promtool_comes_to_the_same_verdict(text: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    promtool = subprocess.run(
        [require_program("promtool", "prometheus"), "check", "rules", file], capture_output=True, text=True, check=False
    )
    try:
        load_rule_files([file])
    except ConfigError:
        good = False
    else:
        good = True
    assert (promtool.returncode == 0) is good, promtool.stderr


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    first, second, missing = tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "c.yaml"
    first.write_text(rule("alert: A\nexpr: up ==\nfor: 5\nlabels: {a-b: c}"))
    second.write_bytes(b"\xff")
    with pytest.raises(ConfigError) as caught:
        load_rule_files([first, second, missing])
    places = [(Path(fault.file).name, fault.line) for fault in caught.value.faults]
    assert places == [("a.yaml", 5), ("a.yaml", 6), ("a.yaml", 7), ("b.yaml", 0), ("c.yaml", 0)]


def keys(text: str) -> list[str]:
    return [one.key for group in loads(text).groups for one in group.rules]


def test_a_rule_keeps_its_key_when_something_else_changes() -> None:
    changed = GOOD.replace("for: 30s", "for: 1m").replace("up == 0", "up < 1").replace("is down", "is gone")
    moved = GOOD.replace("      - alert: HostDown", "      - {alert: New, expr: up}\n      - alert: HostDown")
    assert keys(changed) == keys(GOOD)
    assert keys(moved)[1:] == keys(GOOD)


@pytest.mark.parametrize(
    ("old", "new"),
    [("name: hosts", "name: servers"), ("HostDown", "HostGone"), ("severity: critical", "severity: major")],
)
def test_a_rule_of_another_group_name_or_label_is_another_rule(old: str, new: str) -> None:
    assert keys(GOOD.replace(old, new))[0] != keys(GOOD)[0]


def test_rules_that_agree_in_group_name_and_labels_have_keys_of_their_own() -> None:
    twice = rule("alert: A\nexpr: up == 0") + "\n      - alert: A\n        expr: up == 2\n"
    first, second = keys(twice)
    assert first != second
    assert keys(rule("alert: A\nexpr: up == 0")) == [first]


def test_patterns_name_files_sorted_and_once(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", "c.yml"):
        (tmp_path / name).write_text("")
    assert expand(["*.yaml", "a.yaml", "none-*.yaml"], tmp_path) == [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    assert expand([str(tmp_path / "*.yml")], Path("elsewhere")) == [tmp_path / "c.yml"]


def test_a_file_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        expand(["none.yaml"], tmp_path)
