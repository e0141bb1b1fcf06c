from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from agent.config import host_name, load
from agent.enrol import EnrolError, EnrolUsageError, enrol
from core.errors import ConfigError
from tests.agent.collector import FakeCollector
from tests.servers.ports import free_port


@pytest.fixture
async def collector() -> AsyncIterator[FakeCollector]:
    fake = FakeCollector()
    await fake.start()
    yield fake
    await fake.stop()


def enrolled(agent: str = "web-1", token: str = "own-secret") -> web.Response:
    return web.json_response({"agent": agent, "token": token}, status=201)


def problem(status: int, detail: str) -> web.Response:
    body = {"type": "about:blank", "title": "No", "status": status, "detail": detail}
    return web.json_response(body, status=status, content_type="application/problem+json")


async def test_a_token_becomes_a_credential_and_a_configuration_that_works(
    collector: FakeCollector, tmp_path: Path
) -> None:
    collector.answers = [enrolled()]
    file = tmp_path / "etc" / "agent.yaml"
    done = await enrol(collector.url, "once", file, "web-1")
    (request,) = collector.received
    assert request.path == "/api/v1/agents/enrol"
    assert request.headers["Authorization"] == "Bearer once"
    assert msgspec.json.decode(request.body) == {"name": "web-1", "hostname": host_name()}
    assert (done.agent, done.token_file, done.config_written) == ("web-1", tmp_path / "etc" / "agent.token", True)
    assert done.token_file.read_text() == "own-secret\n"
    assert stat.S_IMODE(done.token_file.stat().st_mode) == 0o600
    config = load(file)
    assert (config.name, config.collector.url, config.collector.token_file) == ("web-1", collector.url, done.token_file)
    assert config.data_dir == tmp_path / "etc" / "agent-data"
    assert sorted(path.name for path in file.parent.iterdir()) == ["agent.token", "agent.yaml"]


async def test_the_name_is_the_hosts_unless_one_is_given(collector: FakeCollector, tmp_path: Path) -> None:
    collector.answers = [enrolled()]
    await enrol(collector.url, "once", tmp_path / "agent.yaml")
    assert msgspec.json.decode(collector.received[0].body)["name"] == host_name()


async def test_an_existing_configuration_is_kept_and_says_where_the_credential_goes(
    collector: FakeCollector, tmp_path: Path
) -> None:
    collector.answers = [enrolled()]
    file = tmp_path / "agent.yaml"
    text = f"name: db-1\ncollector: {{url: {collector.url}/, token_file: keys/own}}\ndata_dir: data\n"
    file.write_text(text)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "own").write_text("old")
    done = await enrol(collector.url, "once", file)
    assert msgspec.json.decode(collector.received[0].body)["name"] == "db-1"
    assert (file.read_text(), done.config_written) == (text, False)
    assert (tmp_path / "keys" / "own").read_text() == "own-secret\n"
    assert stat.S_IMODE((tmp_path / "keys" / "own").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            problem(401, "this one-time token was used already"),
            r"refuses the enrolment token: .* \(HTTP 401: this one-time token was used already\); make a new one",
        ),
        (
            problem(409, "there is an agent web-1; retire it first"),
            "refused: HTTP 409: there is an agent web-1; retire",
        ),
        (web.Response(status=404, text="not found"), r"is no Forewatch collector \(HTTP 404\); check --collector"),
        (problem(503, "disk full"), r"is busy \(HTTP 503: disk full\); try again in a while, the token is still good"),
        (web.Response(status=500), "refused: HTTP 500: no reason given"),
        (web.Response(status=500, text="a\x1b[2Jb"), r"refused: HTTP 500: a \[2Jb"),
        (web.Response(status=201, text="<html>"), "answered, but not as a collector does"),
        (web.json_response({"agent": "web-1"}, status=201), "answered, but not as a collector does"),
        (enrolled(token="two\nlines"), "answered with a credential that cannot be one"),
    ],
)
async def test_a_refusal_says_why_and_leaves_no_files(
    collector: FakeCollector, tmp_path: Path, answer: web.Response, message: str
) -> None:
    collector.answers = [answer]
    with pytest.raises(EnrolError, match=message):
        await enrol(collector.url, "once", tmp_path / "agent.yaml", "web-1")
    assert list(tmp_path.iterdir()) == []


async def test_a_collector_that_is_away_is_named(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(EnrolError, match=f"{url} cannot be reached: connection refused"):
        await enrol(url, "once", tmp_path / "agent.yaml")
    assert list(tmp_path.iterdir()) == []


async def test_a_failed_enrolment_keeps_the_old_credential(collector: FakeCollector, tmp_path: Path) -> None:
    collector.answers = [problem(401, "wrong")]
    file = tmp_path / "agent.yaml"
    file.write_text(f"collector: {{url: {collector.url}, token_file: agent.token}}\ndata_dir: data\n")
    (tmp_path / "agent.token").write_text("old")
    with pytest.raises(EnrolError):
        await enrol(collector.url, "once", file)
    assert (tmp_path / "agent.token").read_text() == "old"


async def test_the_token_is_not_spent_when_the_answer_could_not_be_kept(
    collector: FakeCollector, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnrolError, match=r"cannot be written: .*; the token is still good"):
        await enrol(collector.url, "once", tmp_path / "file" / "agent.yaml", "web-1")
    assert collector.received == []


@pytest.mark.parametrize(
    ("url", "token", "name", "message"),
    [
        ("collector:9470", "once", "web-1", "is no http or https URL"),
        ("http://127.0.0.1:1", "", "web-1", "the enrolment token is empty"),
        ("http://127.0.0.1:1", "tök", "web-1", "holds characters that no token has"),
        ("http://127.0.0.1:1", "once", "web 1", "'web 1' is no agent name"),
    ],
)
async def test_what_cannot_work_is_not_tried(tmp_path: Path, url: str, token: str, name: str, message: str) -> None:
    with pytest.raises(EnrolUsageError, match=message):
        await enrol(url, token, tmp_path / "agent.yaml", name)


async def test_a_configuration_for_another_collector_is_not_overruled(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text("collector: {url: http://one:9470, token_file: agent.token}\ndata_dir: data\n")
    with pytest.raises(EnrolUsageError, match="names the collector http://one:9470, not http://two:9470; correct one"):
        await enrol("http://two:9470", "once", file)
    file.write_text("collector: {url: http://one:9470}\ndata_dir: data\n")
    with pytest.raises(EnrolUsageError, match=r"names no collector\.token_file; add one"):
        await enrol("http://one:9470", "once", file)
    file.write_text("name: web-1\ncollector: {url: http://one:9470, token_file: agent.token}\ndata_dir: data\n")
    with pytest.raises(EnrolUsageError, match="makes this agent web-1, not db-1; write name: db-1 there first"):
        await enrol("http://one:9470", "once", file, "db-1")
    file.write_text("collector: {}\n")
    with pytest.raises(ConfigError, match="is required"):
        await enrol("http://one:9470", "once", file)
