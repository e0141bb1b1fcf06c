"""`forewatch rules backtest`: histories in files and in data folders, what is printed, what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from collector.backtest_command import read_span
from collector.history import read_history
from collector.series import snapshot
from collector.series.snapshot import open_snapshot
from collector.series.store import SeriesStore
from core.clock import ManualClock, to_rfc3339
from core.errors import ConfigError, StorageError
from core.labels import labels
from forewatch.cli import main
from rules.backtest import Span

START = 1_760_000_400_000  # 2025-10-09T09:00:00Z
RULES = """\
groups:
  - name: g
    rules:
      - {alert: Down, expr: up == 0, labels: {severity: major}}
      - {record: "all:up", expr: sum(up)}
"""
COURSE = [1.0, 0.0, 0.0, 1.0, 1.0]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path / "rules.yaml"


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    lines = [f'up{{instance="a"}} {value} {START + at * 15_000}\n' for at, value in enumerate(COURSE)]
    (tmp_path / "samples.txt").write_text("# TYPE up untyped\n\n" + "".join(lines))
    return tmp_path / "samples.txt"


def command(rules: Path, *more: str, minutes: int = 1) -> list[str]:
    span = ["--from", to_rfc3339(START), "--to", to_rfc3339(START + minutes * 60_000)]
    return ["rules", "backtest", str(rules), *span, *more]


TEXT = """\
2025-10-09T09:00:00.000Z to 2025-10-09T09:01:00.000Z: 2 rules, 1 firing, 1 page, 0 reopenings, firing for 30s
{rules}:4: g: Down: 1 firing, 1 page, 0 reopenings, firing for 30s
    2025-10-09T09:00:15.000Z  2025-10-09T09:00:45.000Z  30s  page  {{instance="a",severity="major"}}
"""


def test_what_would_have_fired_is_printed(rules: Path, samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(rules, "--history", str(samples))) == 0
    told = capsys.readouterr()
    assert told.out == TEXT.format(rules=rules)
    assert told.err == ""


def test_json_has_every_firing(rules: Path, samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(rules, "--history", str(samples), "--format", "json")) == 0
    answer = json.loads(capsys.readouterr().out)
    down, recorded = answer.pop("rules")
    assert answer == {
        "from": to_rfc3339(START),
        "to": to_rfc3339(START + 60_000),
        "evaluations": 10,
        "firings": 1,
        "pages": 1,
        "reopenings": 0,
        "firing_seconds": 30.0,
    }
    assert (recorded["rule"], recorded["firings"], recorded["failures"]) == ("all:up", [], 0)
    assert down["firings"] == [
        {
            "labels": {"alertname": "Down", "instance": "a", "severity": "major"},
            "active_at": to_rfc3339(START + 15_000),
            "started_at": to_rfc3339(START + 15_000),
            "ended_at": to_rfc3339(START + 45_000),
            "seconds": 30.0,
            "page": "opened",
        }
    ]


def test_what_still_fires_has_no_end(rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "down.txt").write_text(f"up 0 {START}\n")
    assert main(command(rules, "--history", str(tmp_path / "down.txt"))) == 0
    assert "  still firing  1m  page  " in capsys.readouterr().out


def test_a_rule_that_fails_makes_the_status_one(
    tmp_path: Path, samples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "failing.yaml").write_text(RULES.replace("expr: up == 0", "expr: up * on() up"))
    with samples.open("a") as file:
        file.write(f'up{{instance="b"}} 7 {START + 30_000}\n')
    assert main(command(tmp_path / "failing.yaml", "--history", str(samples))) == 1
    assert "evaluations failed: " in capsys.readouterr().out


def test_progress_is_shown_on_a_terminal(
    rules: Path, samples: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(command(rules, "--history", str(samples))) == 0
    assert (
        capsys.readouterr().err
        == "".join(f"\r[{'#' * (percent // 5):20}] {percent:3d}%" for percent in (0, 25, 50, 75, 100)) + "\n"
    )


# The span


@pytest.mark.parametrize(
    ("since", "until", "span"),
    [
        ("6h", "0", Span(START - 21_600_000, START)),
        ("1h30m", "30m", Span(START - 5_400_000, START - 1_800_000)),
        ("2025-10-09T09:00:00Z", "2025-10-09T11:00:00+02:00", Span(START, START)),
    ],
)
def test_instants_are_rfc_3339_or_how_long_ago(since: str, until: str, span: Span) -> None:
    assert read_span(since, until, START) == span


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        ("yesterday", "0", "--from yesterday: write an instant"),
        ("6h", "2025-10-09", "--to 2025-10-09: write an instant"),
        ("2025-10-09T09:00:00", "0", "--from 2025-10-09T09:00:00: write an instant"),
        ("1h", "2h", "--to 2h: is before --from 1h"),
        ("99999y", "0", "--from 99999y: is before 1970"),
    ],
)
def test_a_wrong_span_is_bad_usage(
    rules: Path, capsys: pytest.CaptureFixture[str], since: str, until: str, message: str
) -> None:
    assert main(["rules", "backtest", str(rules), "--from", since, "--to", until]) == 2
    assert capsys.readouterr().err.startswith(message)


# Histories in files


@pytest.mark.parametrize(
    ("text", "times", "why"),
    [
        (f"up 1 {START}\n", [START], "Prometheus' text, milliseconds"),
        ("up 1 1760000400.25\n# EOF\n", [START + 250], "OpenMetrics, seconds"),
        (f'{{__name__="up"}} 1 {START}', [START], "promtool tsdb dump"),
        (f"# TYPE up counter\nup 1 {START}", [START], "a counter keeps its name"),
        (f'{{__name__="up"}} 1 {START} ', [START], "blanks at the end"),
        (f"up 1 {START + 5}\nup 1 {START}\n", [START, START + 5], "in any order"),
    ],
)
def test_forms_that_are_read(tmp_path: Path, text: str, times: list[int], why: str) -> None:
    (tmp_path / "samples").write_text(text)
    history = read_history(tmp_path / "samples")
    assert history.source.labels(0) == labels(__name__="up"), why
    window = history.source.window(np.array([0]), 0, 2 * START)
    assert window.times[0].tolist() == times, why
    assert (history.first_ms, history.last_ms) == (times[0], times[-1])


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("up 1\n", 1, "has no timestamp"),
        (f"\nup x {START}\n", 2, "is no sample"),
        (f'up{{a="b}} 1 {START}\n', 1, "is no sample"),
        (f'{{a="b"}} 1 {START}\n', 1, "is no sample"),
        (f'up{{a="1",a="2"}} 1 {START}\n', 1, "is no sample"),
        (f"up 1 {START} 4\n", 1, "has more than a value and a timestamp"),
        ('up{a="}"} 1 1 # {t="x"} 0.5 1\n# EOF\n', 1, "has more than a value and a timestamp"),
        (f'{{__name__="up"}} 1 {START} 4\n', 1, "has more than a value and a timestamp"),
        ("up 1 -5\n", 1, "timestamp: must be"),
        ("up 1 nan\n", 1, "timestamp: must be"),
        ("up 1 1e300\n", 1, "timestamp: must be"),
        (f"up 1 {START}\n# EOF\n", 1, "timestamp: must be"),
        ("", 0, "has no samples"),
        ("# EOF\n", 0, "has no samples"),
        (b"\xff\xfe", 0, "is not UTF-8 text"),
        ("\0\n", 1, "is no sample"),
    ],
)
def test_a_bad_file_is_refused_with_the_place(tmp_path: Path, content: str | bytes, line: int, message: str) -> None:
    (tmp_path / "bad").write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as caught:
        read_history(tmp_path / "bad")
    assert caught.value.faults[0].line == line
    assert caught.value.faults[0].message.startswith(message)


def test_braces_and_marks_in_a_value_of_a_label_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "samples").write_text(f'up{{a="}} # {{\\"b"}} 1 {START}\n')
    assert read_history(tmp_path / "samples").source.labels(0) == labels(__name__="up", a='} # {"b')


def test_of_many_faults_the_first_are_told(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("up 1\n" * 1000)
    with pytest.raises(ConfigError) as caught:
        read_history(tmp_path / "bad")
    assert [fault.line for fault in caught.value.faults] == list(range(1, 21))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--history", "nowhere.txt"], "nowhere.txt: cannot be read: No such file or directory"),
        (["--data", "nowhere"], "nowhere: nowhere/series has no series; name the data folder"),
        (["--config", "nowhere.yaml"], "nowhere.yaml: "),
    ],
)
def test_a_history_that_is_not_there_is_bad_usage(
    rules: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    assert main(command(rules, *more)) == 2
    assert capsys.readouterr().err.startswith(message)


def test_a_history_of_another_time_is_refused(rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old").write_text(f"up 0 {START - 300_000}\n")
    assert main(command(rules, "--history", str(tmp_path / "old"))) == 2
    assert "has no samples between --from and --to; they go from 2025-10-09T08:55" in capsys.readouterr().err


def test_bad_rules_are_named_by_their_line(tmp_path: Path, samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.yaml").write_text(RULES.replace("up == 0", "up =="))
    assert main(command(tmp_path / "bad.yaml", "--history", str(samples))) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path}/bad.yaml:4: ")


# Histories in data folders


@pytest.fixture
def running(tmp_path: Path) -> SeriesStore:
    """The store of a collector that runs."""
    clock = ManualClock(START)
    store = SeriesStore.open(tmp_path / "data/series", clock)
    ids = store.resolve([labels(__name__="up", instance="a")])
    for at, value in enumerate(COURSE):
        clock.set_wall(START + at * 15_000)
        store.append(ids, np.array([START + at * 15_000]), np.array([value]))
    yield store
    store.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_running_collector_s_samples_are_replayed_and_left_alone(
    rules: Path,
    running: SeriesStore,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = contents(tmp_path / "data/series")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    assert main(command(rules, "--data", str(tmp_path / "data"))) == 0
    assert capsys.readouterr().out == TEXT.format(rules=rules)
    assert contents(tmp_path / "data/series") == before
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_server_s_interval_is_that_of_groups_without_one(
    rules: Path, running: SeriesStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "collector.yaml").write_text("data_dir: data\nevaluation_interval: 5s\n")
    assert main(command(rules, "--config", str(tmp_path / "collector.yaml"), "--format", "json")) == 0
    assert json.loads(capsys.readouterr().out)["evaluations"] == 2 * 13


def test_a_copy_is_taken_again_when_series_were_retired_meanwhile(
    running: SeriesStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_ring, copied = snapshot.copy_ring, []

    def copy(source: Path, target: Path) -> None:
        copy_ring(source, target)
        copied.append(source.name)
        if len(copied) == 1:
            running._clock.set_wall(START + 10 * 86_400_000)
            assert running.retire() == 1

    monkeypatch.setattr(snapshot, "copy_ring", copy)
    with open_snapshot(tmp_path / "data/series", ManualClock()) as store:
        assert len(store) == 0
    assert copied == ["recent.ring", "history.ring"] * 2


def test_a_copy_takes_no_more_room_than_there_is(
    running: SeriesStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "free_bytes", lambda _: 1000)
    with pytest.raises(StorageError, match="set TMPDIR"), open_snapshot(tmp_path / "data/series", ManualClock()):
        pass
