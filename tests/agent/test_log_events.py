"""Matches in logs on their way to the collector: which are told, and what of a line is not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from agent.config import AgentConfig, load
from agent.log_events import SAMPLE_LENGTH, LogEvents, sample_of
from agent.targets import targets_of
from core.clock import ManualClock, SystemClock
from core.facts import EventReport
from tests.servers.journald import Journald


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"ERROR disk sda1 full", "ERROR disk sda1 full"),
        (b"login failed password=hunter2 user=x", "login failed password=*** user=x"),
        (b'{"db_password": "hunter 2", "a": 1}', '{"db_password": ***, "a": 1}'),
        (b"API_KEY: hunter2", "API_KEY: ***"),
        (b"community = 'hunter2'", "community = ***"),
        (b"GET / Authorization: Bearer hunter2.x-y_z==", "GET / Authorization: Bearer ***"),
        (b"cannot open postgres://app:hunter2@db/x", "cannot open postgres://app:***@db/x"),
        (b"password='hunter2 without an end", "password=***"),
        (rb'{"log":"{\"password\":\"hunter 2\",\"a\":1}\n"}', r'{"log":"{\"password\":***,\"a\":1}\n"}'),
        (rb'password="hun\"ter2" a', "password=*** a"),
        (b"password => 'hunter2', user => 'x'", "password => ***, user => 'x'"),
        (b"{'token': b'hunter2'}", "{'token': ***}"),
        (b"COMMAND=/bin/mysql --password hunter2 -u x", "COMMAND=/bin/mysql --password *** -u x"),
        (b"CREATE USER x IDENTIFIED BY 'hunter2' y", "CREATE USER x IDENTIFIED BY *** y"),
        (b"Authorization: ApiKey hunter2 x", "Authorization: ApiKey *** x"),
        (b'{"authorization": "hunter2"}', '{"authorization": ***}'),
        (b"Set-Cookie: session=hunter2; path=/", "Set-Cookie: ***"),
        (b"<password>hunter2</password>", "<password>***</password>"),
        (b"pull https://ci:hunter/2@h/x failed", "pull https://ci:***@h/x failed"),
        (b"https://ci:" + b"hunter2" * 200, "https://ci:***@"),
        (b"Failed password for root from 192.0.2.1 port 22", "Failed password for root from 192.0.2.1 port 22"),
        (b"Unexpected token '<' in JSON", "Unexpected token '<' in JSON"),
        (b"GET http://registry:4873/@scope/p", "GET http://registry:4873/@scope/p"),
        (b"\x1b[31mred\x1b[0m\ttab\x00 \xe2\x80\xae", "[31mred[0m tab"),
        ("磁盘故障".encode("gb18030"), "磁盘故障"),
    ],
)
def test_a_sample_is_printable_and_has_no_secret(line: bytes, told: str) -> None:
    assert sample_of(line) == told


def test_a_sample_is_short_whatever_the_line() -> None:
    assert len(sample_of(b"password" * 8192)) == SAMPLE_LENGTH
    assert sample_of(b"x" * 390 + b" password=" + b"hunter2" * 100) == "x" * 390 + " password="


def _config(folder: Path, more: str) -> AgentConfig:
    file = folder / "agent.yaml"
    file.write_text(
        "name: web-1\ncollector: {url: 'http://127.0.0.1:1'}\ndata_dir: data\nhost:\n  logs:\n"
        f"    - {{file: {folder}/app.log, patterns: {{error: ERROR, disk: disk}}{more}}}\n",
        encoding="utf-8",
    )
    return load(file)


async def _round(config: AgentConfig, clock: ManualClock, lines: str) -> list[EventReport]:
    log = Path(config.host.logs[0].file)
    log.touch()
    events = LogEvents(config, clock, "b00t")
    try:
        (node,) = targets_of(config, clock, events.matched)
        await node.probe.collect()
        with log.open("a", encoding="utf-8") as file:
            file.write(lines)
        await node.probe.collect()
        records = events.queue.spool.front(clock.now_ms(), 2**20)
        return [msgspec.json.decode(one.body, type=EventReport) for one in records]
    finally:
        events.close()


async def test_a_round_tells_the_first_line_of_each_pattern_and_how_many(tmp_path: Path, clock: ManualClock) -> None:
    config = _config(tmp_path, ", events: true")
    told = await _round(config, clock, "fine\nERROR one token=abc\nERROR two\ndisk\n")
    assert [(one.kind, one.target, one.message) for one in told] == [
        ("log", "web-1", "ERROR one token=***"),
        ("log", "web-1", "disk"),
    ]
    assert told[0].attributes == {"file": f"{tmp_path}/app.log", "pattern": "error", "lines": "2"}


async def test_without_the_switch_matches_are_counted_only(tmp_path: Path, clock: ManualClock) -> None:
    assert await _round(_config(tmp_path, ""), clock, "ERROR one\n") == []


async def test_matches_in_the_journal_are_told_the_same_way(tmp_path: Path, clock: ManualClock) -> None:
    journald = Journald(tmp_path)
    journald.start()
    try:
        file = tmp_path / "agent.yaml"
        file.write_text(
            f"name: web-1\ncollector: {{url: 'http://127.0.0.1:1'}}\ndata_dir: data\nhost:\n  root: {tmp_path}\n"
            "  journal:\n    - {name: logins, identifiers: [sshd], patterns: {refused: refused}, events: true}\n"
        )
        config, clock = load(file), ManualClock(SystemClock().now_ms())
        events = LogEvents(config, clock, "b00t")
        (node,) = targets_of(config, clock, events.matched)
        await node.probe.collect()
        said = "refused for \x1b[31mroot password=hunter2"
        journald.write({"MESSAGE": said, "SYSLOG_IDENTIFIER": "sshd", "PRIORITY": "5", "UNIT": "\n"})
        for _ in range(500):
            await clock.advance(15)
            await node.probe.collect()
            await asyncio.sleep(0.01)
            if records := events.queue.spool.front(clock.now_ms(), 2**20):
                break
        events.close()
    finally:
        journald.stop()
    [told] = [msgspec.json.decode(one.body, type=EventReport) for one in records]
    assert (told.kind, told.target, told.message) == ("log", "web-1", "refused for [31mroot password=***")
    expected = {"journal": "logins", "identifier": "sshd", "priority": "notice", "pattern": "refused", "lines": "1"}
    assert told.attributes.items() >= expected.items()
