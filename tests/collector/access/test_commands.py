from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from collector.access import store
from collector.access.authenticator import judge
from collector.access.passwords import Passwords
from collector.access.tokens import digest
from collector.config import embedded_database_url
from core.clock import SystemClock, to_datetime
from core.database import Database
from forewatch.cli import main


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "fresh" / "data"


async def test_a_token_is_printed_once_and_works_on_a_database_that_nobody_made(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _in_thread("token", "create", "--name", "web-1", "--role", "agent", "--data", str(data)) == 0
    printed = capsys.readouterr().out
    assert re.fullmatch(r"fw_[A-Za-z0-9_-]{43}\n", printed)
    database = Database(embedded_database_url(data))
    async with database.read() as session:
        token = await store.find_token(session, digest(printed.strip()))
    await database.close()
    assert token is not None
    assert (token.name, token.role, token.expires_at) == ("web-1", "agent", None)
    assert judge(token, to_datetime(SystemClock().now_ms())) is None


def test_what_it_makes_is_nobody_elses_to_read(data: Path) -> None:
    assert main(["token", "create", "--name", "x", "--role", "viewer", "--data", str(data)]) == 0
    assert data.stat().st_mode & 0o777 == 0o700
    assert (data / "forewatch.db").stat().st_mode & 0o777 == 0o600


def test_json_names_everything(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--role", "enrol", "--expires", "2d", "--format", "json", "--data", str(data)]
    assert main(["token", "create", "--name", "rack-4", *arguments]) == 0
    made = json.loads(capsys.readouterr().out)
    assert set(made) == {"id", "name", "role", "expires_at", "token"}
    assert made["expires_at"].endswith("Z")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "a b", "--role", "agent"], "take letters"),
        (["--name", "x", "--role", "viewer", "--expires", "soon"], "is no duration"),
        (["--name", "x", "--role", "viewer", "--expires", "0"], "more than 0"),
        (["--name", "x", "--role", "viewer", "--config", "/nonexistent.yaml"], "/nonexistent.yaml: cannot be read"),
    ],
)
def test_bad_usage_exits_with_2_and_says_why(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["token", "create", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_a_role_that_is_not_for_tokens_is_bad_usage(data: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["token", "create", "--name", "x", "--role", "auditor", "--data", str(data)])
    assert stopped.value.code == 2


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["token", "create", "--name", "x", "--role", "viewer", "--data", str(tmp_path / "file" / "d")]) == 2
    assert "data folder cannot be made" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["token", "create", "--name", "x", "--role", "viewer"], ["cmdb", "export"]])
def test_a_folder_that_nobody_named_is_not_made(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("forewatch-data: there is no data folder of `forewatch up` here; name the data")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_made_is_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "create", "--name", "x", "--role", "viewer", "--data", str(data)]) == 0
    assert f"no database here yet, making one folder={data}" in capsys.readouterr().err
    assert main(["token", "create", "--name", "y", "--role", "viewer", "--data", str(data)]) == 0
    assert "making one" not in capsys.readouterr().err


def add_user(data: Path, password: str, monkeypatch: pytest.MonkeyPatch, name: str = "Alice") -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    return main(["user", "add", name, "--role", "auditor", "--data", str(data)])


async def test_a_person_is_added_with_the_password_from_stdin(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    assert await asyncio.to_thread(add_user, data, "correct horse battery", monkeypatch) == 0
    database = Database(embedded_database_url(data))
    async with database.read() as session:
        user = await store.find_user(session, "alice")
    await database.close()
    assert user is not None
    assert user.role == "auditor"
    assert await Passwords().verify(user.password_hash, "correct horse battery")


def test_a_name_that_is_taken_exits_with_1(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add_user(data, "correct horse battery", monkeypatch) == 0
    assert add_user(data, "correct horse battery", monkeypatch, "ALICE") == 1
    assert "there is an account alice already" in capsys.readouterr().err


def test_a_weak_password_exits_with_2(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add_user(data, "short", monkeypatch) == 2
    assert "at least 10 characters" in capsys.readouterr().err


@pytest.mark.parametrize(("again", "status"), [("correct horse battery", 0), ("something else", 2)])
def test_on_a_terminal_the_password_is_asked_twice(
    again: str, status: int, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["correct horse battery", again])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))
    assert main(["user", "add", "bob", "--role", "viewer", "--data", str(data)]) == status


async def _in_thread(*arguments: str) -> int:
    import asyncio

    return await asyncio.to_thread(main, list(arguments))
