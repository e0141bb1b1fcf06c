from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from forewatch.cli import main

SITE = """
items:
  - {class: server, name: web-1}
  - {class: business_service, name: Tax portal}
relations:
  - {source: Tax portal, type: depends_on, target: web-1}
"""


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["--log-level", "error", "cmdb", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_file_goes_in_and_comes_out_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--data", str(tmp_path / "data"))
    file = tmp_path / "site.yaml"
    file.write_text(SITE, encoding="utf-8")
    rehearsed = run(capsys, "import", str(file), "--dry-run", *data)
    assert rehearsed == (0, "not imported, would be: 2 created, 1 related\n", "")
    assert run(capsys, "export", "--format", "json", *data) == (0, '{"items":[],"relations":[]}\n', "")
    assert run(capsys, "import", str(file), *data) == (0, "imported: 2 created, 1 related\n", "")
    status, exported, _ = run(capsys, "export", *data)
    assert status == 0
    again = tmp_path / "again.yaml"
    again.write_text(exported, encoding="utf-8")
    status, counted, _ = run(capsys, "import", str(again), "--format", "json", *data)
    assert (status, msgspec.json.decode(counted)) == (0, {"taken": True, "counts": {"unchanged": 3}, "errors": []})
    assert run(capsys, "gaps", *data) == (1, 'SRV-000001 "web-1": never_seen\n', "")


def test_a_file_with_a_wrong_row_is_not_taken_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--data", str(tmp_path / "data"))
    file = tmp_path / "site.yaml"
    file.write_text(SITE + "  - {source: Tax portal, type: depends_on, target: web-9}\n", encoding="utf-8")
    status, out, errors = run(capsys, "import", str(file), *data)
    assert (status, out) == (1, "not imported, errors: 1\n")
    assert errors == f"{file}:7: target: there is no item web-9\n"
    assert run(capsys, "export", "--format", "json", *data)[1] == '{"items":[],"relations":[]}\n'


def test_a_file_that_is_none_is_bad_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, errors = run(capsys, "import", str(tmp_path / "none.yaml"), "--data", str(tmp_path / "data"))
    assert (status, errors) == (2, f"{tmp_path}/none.yaml: cannot be read: No such file or directory\n")


def test_every_wrong_row_of_a_spreadsheet_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "items.csv"
    file.write_text("class,name,state\nteapot,a\nserver\nserver,b,asleep\nserver,web-1\n", encoding="utf-8")
    data = ("--data", str(tmp_path / "data"))
    status, out, _ = run(capsys, "import", str(file), "--format", "json", *data)
    told = msgspec.json.decode(out)
    assert (status, told["taken"], [error["line"] for error in told["errors"]]) == (1, False, [2, 3, 4])
    assert told["errors"][2]["message"].startswith("state: must be one of planned, ")
    assert run(capsys, "export", "--format", "json", *data)[1] == '{"items":[],"relations":[]}\n'
