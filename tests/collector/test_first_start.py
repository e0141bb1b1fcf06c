"""What `forewatch up` prepares."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent.config import load as load_agent
from collector.config import load as load_collector
from collector.first_start import PASSWORD_FILE, agent_name, prepare
from core.errors import ConfigError


def rows(data: Path, query: str) -> list[tuple]:
    with sqlite3.connect(data / "forewatch.db") as connection:
        return connection.execute(query).fetchall()


def test_a_first_start_makes_all_that_two_processes_need(tmp_path) -> None:
    data = tmp_path / "site"
    site = prepare(data, "127.0.0.1:19999")
    assert (site.url, load_collector(site.collector_config).listen) == ("http://127.0.0.1:19999", "127.0.0.1:19999")
    agent = load_agent(site.agent_config)
    assert (agent.collector.url, agent.collector.token_file) == ("http://127.0.0.1:19999", data / "agent.token")
    assert (data / PASSWORD_FILE).read_text().strip() == site.password
    assert rows(data, "SELECT name, role FROM users") == [("admin", "admin")]
    assert rows(data, "SELECT name, role FROM tokens") == [(agent_name(), "agent")]


def test_nothing_of_it_is_readable_by_others(tmp_path) -> None:
    site = prepare(tmp_path / "site", None)
    assert site.data.stat().st_mode & 0o777 == 0o700
    for name in (PASSWORD_FILE, "agent.token", "agent.yaml", "collector.yaml"):
        assert (site.data / name).stat().st_mode & 0o777 == 0o600, name


def test_what_somebody_put_in_the_way_of_a_secret_gets_none_of_it(tmp_path) -> None:
    data, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    data.mkdir(mode=0o777)
    elsewhere.write_text("mine")
    (data / f"{PASSWORD_FILE}.new").symlink_to(elsewhere)
    (data / "agent.token.new").touch(mode=0o666)
    held_open = (data / "agent.token.new").open()
    prepare(data, None)
    assert elsewhere.read_text() == "mine"
    assert held_open.read() == ""
    held_open.close()
    for name in (PASSWORD_FILE, "agent.token"):
        assert (data / name).stat().st_mode & 0o777 == 0o600, name
        assert not (data / name).is_symlink()


def test_a_second_start_changes_nothing_and_tells_no_password(tmp_path) -> None:
    first = prepare(tmp_path / "site", None)
    kept = {file.name: file.read_bytes() for file in first.data.iterdir() if "forewatch.db" not in file.name}
    second = prepare(tmp_path / "site", None)
    assert second.password is None
    assert kept == {file.name: file.read_bytes() for file in first.data.iterdir() if "forewatch.db" not in file.name}
    assert len(rows(first.data, "SELECT 1 FROM tokens")) == 1


def test_a_start_that_was_cut_short_is_taken_up(tmp_path) -> None:
    site = prepare(tmp_path / "site", None)
    (site.data / "agent.token").unlink()
    prepare(tmp_path / "site", None)
    assert rows(site.data, "SELECT revoked_at IS NULL FROM tokens ORDER BY id") == [(0,), (1,)]


@pytest.mark.parametrize(
    ("listen", "message"),
    [("nonsense", "is not HOST:PORT"), ("127.0.0.1:1", "change it in this file or leave --listen out")],
)
def test_an_address_that_cannot_be_meant_is_refused(tmp_path, listen, message) -> None:
    if message.startswith("change"):
        prepare(tmp_path / "site", None)
    with pytest.raises(ConfigError, match=message):
        prepare(tmp_path / "site", listen)


def test_a_folder_that_cannot_be_made_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file/site: cannot be made"):
        prepare(tmp_path / "file" / "site", None)


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("0.0.0.0:9470", "http://127.0.0.1:9470"),
        ("[::1]:9470", "http://[::1]:9470"),
        ("[::]:9470", "http://127.0.0.1:9470"),
    ],
)
def test_the_agent_reaches_a_collector_that_listens_on_every_address_by_loopback(tmp_path, listen, url) -> None:
    assert load_agent(prepare(tmp_path / "site", listen).agent_config).collector.url == url
