"""Unit tests of rules come to the verdict that promtool comes to."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.remote_write import is_stale
from rules import notation
from rules.unit_run import run
from rules.unit_tests import load_unit_tests
from tests.servers.require import require_program

RULES = """\
groups:
  - name: hosts
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: Down
        expr: up == 0
        for: 2m
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.instance }} is down: {{ $value }}"}
      - alert: Kept
        expr: up{instance="a"} == 0
        keep_firing_for: 3m
      - alert: Many
        expr: job:up:sum < 2
  - name: later
    rules:
      - record: job:up:double
        expr: 2 * job:up:sum
"""
HEAD = """\
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'up{instance="a", job="n"}', values: '1x2 0x5 1x10'}
      - {series: 'up{instance="b", job="n"}', values: '1+0x7 _x3 1 stale'}
"""


def alert(name: str, at: str, *expected: str) -> str:
    body = "".join(f"\n          - {one}" for one in expected)
    test = f"      - eval_time: {at}\n        alertname: {name}\n        exp_alerts:{body or ' []'}\n"
    return f"    alert_rule_test:\n{test}"


def samples(expression: str, at: str, *expected: str) -> str:
    body = "".join(f"\n          - {one}" for one in expected)
    return (
        f"    promql_expr_test:\n      - expr: '{expression}'\n        eval_time: {at}\n"
        f"        exp_samples:{body or ' []'}\n"
    )


OWN = 'instance="a",job="n",severity="critical"'
DOWN = "exp_labels: {instance: a, job: n, severity: critical}\n            exp_annotations: {summary: 'a is down: 0'}"


@pytest.mark.parametrize(
    ("text", "good", "reason"),
    [
        (alert("Down", "4m"), True, "not yet for two minutes"),
        (alert("Down", "5m", DOWN), True, "for two minutes"),
        (alert("Down", "5m30s", DOWN), True, "the state of the last evaluation counts"),
        (alert("Down", "5m"), False, "an alert that is not expected"),
        (alert("Down", "4m", DOWN), False, "an alert that is missing"),
        (alert("Down", "5m", DOWN.replace("critical", "minor")), False, "another label"),
        (alert("Down", "5m", DOWN.replace("down: 0", "down")), False, "another annotation"),
        (alert("Down", "9m"), True, "resolved"),
        (alert("Kept", "11m", "exp_labels: {instance: a, job: n}"), True, "kept for three minutes"),
        (alert("Kept", "12m"), True, "and no longer"),
        (alert("Nobody", "3m"), True, "no such alert, none expected"),
        (alert("Many", "3m", "exp_labels: {job: n}"), True, "over a recorded series"),
        (samples("job:up:double", "2m", "{labels: 'job:up:double{job=\"n\"}', value: 4}"), True, "recorded twice"),
        (samples("job:up:double", "2m", "{labels: 'job:up:double{job=\"n\"}', value: 5}"), False, "another value"),
        (samples("job:up:double", "2m"), False, "a sample that is not expected"),
        (samples("sum(up)", "4m", "{labels: '{}', value: 1}"), True, "an element without labels"),
        (samples("1 + 1", "4m", "{labels: '{}', value: 2}"), True, "a number"),
        (samples("time()", "4m", "{labels: '{}', value: 240}"), True, "time begins at zero"),
        (samples('up{instance="b"}', "12m"), True, "ended by stale"),
        (samples('up{instance="b"}', "10m", '{labels: "up{instance=\\"b\\",job=\\"n\\"}", value: 1}'), True,
         "looks back over a gap"),
        (samples('ALERTS{alertname="Down"}', "4m",
                 f"{{labels: 'ALERTS{{alertname=\"Down\",alertstate=\"pending\",{OWN}}}', value: 1}}"),
         True, "ALERTS is a series"),
        (samples('ALERTS_FOR_STATE{alertname="Down"}', "5m",
                 f"{{labels: 'ALERTS_FOR_STATE{{alertname=\"Down\",{OWN}}}', value: 180}}"),
         True, "since when it is active"),
        (samples("up + on (job) up", "1m"), False, "data that allow no result"),
    ],
)  # fmt: skip
def test_the_verdict_is_promtools(tmp_path: Path, text: str, good: bool, reason: str) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    file = tmp_path / "tests.yaml"
    file.write_text(HEAD + text)
    promtool = subprocess.run(
        [require_program("promtool", "prometheus"), "test", "rules", file], capture_output=True, text=True, check=False
    )
    assert (promtool.returncode == 0) is good, promtool.stdout + promtool.stderr
    assert (run(load_unit_tests(file)) == []) is good, reason


def test_a_failure_shows_what_was_expected_and_what_came(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    file = tmp_path / "tests.yaml"
    file.write_text(HEAD + alert("Many", "3m", "exp_labels: {job: x}"))
    (failure,) = run(load_unit_tests(file))
    assert (failure.test, failure.what) == ("#1", "alert Many at 3m")
    assert failure.expected == ['{alertname="Many",job="x"} {}']
    assert failure.got == ['{alertname="Many",job="n"} {}']


@pytest.mark.parametrize(
    ("text", "part", "reason"),
    [
        (HEAD.replace("1x2", "1y2"), "'1y2' is no sample", "bad notation"),
        (HEAD.replace("1x2", "1x9999999"), "more than", "too many samples"),
        (HEAD.replace("up{instance", "up{!instance"), "is no series", "a bad series"),
        (HEAD.replace("evaluation_interval: 1m", "evaluation_interval: 0s"), "more than 0s", "no interval"),
        (HEAD.replace("[rules.yaml]", "[none.yaml]"), "does not exist", "a missing rule file"),
        (HEAD + "    exp: 1\n", "unknown key", "an unknown key"),
        (HEAD + samples("up ==", "1m"), "syntax error", "a bad expression"),
        (HEAD + "group_eval_order: [nobody]\n", "no group 'nobody'", "an unknown group"),
    ],
)
def test_a_file_that_is_wrong_is_refused(tmp_path: Path, text: str, part: str, reason: str) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "tests.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_unit_tests(tmp_path / "tests.yaml")
    assert part in str(caught.value), reason


@pytest.mark.parametrize(
    ("spelled", "values"),
    [
        ("1 2 3", [1, 2, 3]),
        ("0+10x3", [0, 10, 20, 30]),
        ("5-1x2", [5, 4, 3]),
        ("-2+0.5x1", [-2, -1.5]),
        ("3x2", [3, 3, 3]),
        ("1 _ 2 _x2", [1, None, 2, None, None]),
        ("", []),
    ],
)
def test_the_notation_expands(spelled: str, values: list[float | None]) -> None:
    assert notation.samples(spelled) == values


def test_the_notation_knows_what_is_no_number() -> None:
    nan, infinite, stale = notation.samples("NaN -Inf stale")
    assert nan is not None
    assert stale is not None
    assert math.isnan(nan)
    assert not is_stale(nan)
    assert infinite == -math.inf
    assert is_stale(stale)
