"""`forewatch rules check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forewatch.cli import main

GOOD = """\
groups:
  - name: g
    rules:
      - {alert: A, expr: up == 0}
      - {record: a:b, expr: sum(up)}
"""
BAD = """\
groups:
  - name: g
    rules:
      - alert: A
        expr: up ==
      - {alert: B, expr: up, for: soon}
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_text(GOOD)
    return tmp_path / "good.yaml"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    (tmp_path / "bad.yaml").write_text(BAD)
    return tmp_path / "bad.yaml"


def test_good_files_are_counted_and_the_status_is_zero(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "check", str(good)]) == 0
    assert capsys.readouterr().out == f"{good}: 1 groups, 1 alerting rules, 1 recording rules\n"


def test_faults_of_every_file_are_told_and_the_status_is_one(
    good: Path, bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "check", str(bad), str(good), "nowhere.yaml"]) == 1
    told = capsys.readouterr()
    assert told.err.splitlines() == [
        f'{bad}:5: group "g": rule "A": expr: 1:6: syntax error',
        f'{bad}:6: group "g": rule "B": for: \'soon\' is no duration; write one like 500ms, 15s, 5m, 6h, 30d',
        "nowhere.yaml: cannot be read: No such file or directory",
    ]
    assert told.out.startswith(f"{good}: ")


def test_json_goes_to_one_stream(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "check", "--format", "json", str(good), str(bad)]) == 1
    told = capsys.readouterr()
    answer = json.loads(told.out)
    assert told.err == ""
    assert answer["ok"] is False
    assert answer["files"][0] == {"file": str(good), "groups": 1, "alerting_rules": 1, "recording_rules": 1}
    assert [(fault["file"], fault["line"]) for fault in answer["faults"]] == [(str(bad), 5), (str(bad), 6)]


def test_a_command_without_files_is_bad_usage() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["rules", "check"])
    assert caught.value.code == 2


TESTS = """\
rule_files: [good.yaml]
tests:
  - interval: 1m
    name: a target that is down
    input_series: [{series: 'up{instance="a"}', values: '0 0'}]
    alert_rule_test:
      - {eval_time: 1m, alertname: A, exp_alerts: [{exp_labels: {instance: INSTANCE}}]}
"""


def test_tests_that_pass_say_so(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = good.parent / "tests.yaml"
    file.write_text(TESTS.replace("INSTANCE", "a"))
    assert main(["rules", "test", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: SUCCESS\n"


def test_a_failing_test_shows_the_difference(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = good.parent / "tests.yaml"
    file.write_text(TESTS.replace("INSTANCE", "b"))
    assert main(["rules", "test", str(file)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{file}: FAILED",
        "  a target that is down: alert A at 1m: (-expected +got)",
        '    - {alertname="A",instance="b"} {}',
        '    + {alertname="A",instance="a"} {}',
    ]
    assert main(["rules", "test", "--format", "json", str(file)]) == 1
    (failure,) = json.loads(capsys.readouterr().out)["failures"]
    assert failure["got"] == ['{alertname="A",instance="a"} {}']


def test_tests_of_wrong_rule_files_name_the_fault(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = bad.parent / "tests.yaml"
    file.write_text(TESTS.replace("good.yaml", "bad.yaml"))
    assert main(["rules", "test", str(file)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{bad}:5: " in told.err
    assert f"{file}: its rule files are wrong" in told.err
