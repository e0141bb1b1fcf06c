"""`forewatch collector …` as real processes."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.evaluation import Evaluation
from forewatch.cli import main
from tests.servers.ports import accepts, free_port, wait_until

GOOD_RULES = "groups:\n  - name: g\n    rules:\n      - alert: {name}\n        expr: up == 0\n"


class Server:
    """A collector process and what it logged."""

    def __init__(self, config: Path, port: int) -> None:
        self.port = port
        self._log = config.parent / "log"
        command = [sys.executable, "-m", "forewatch.cli", "collector", "run", "--config", str(config)]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log)

    def log(self) -> str:
        return self._log.read_text()

    def wait_ready(self) -> None:
        wait_until(lambda: accepts(self.port) and self.status("/-/ready") == 200, "collector", process=self.process)

    def status(self, path: str, token: str = "") -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers), timeout=10
            ) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(GOOD_RULES.format(name="First"))
    file = tmp_path / "collector.yaml"
    file.write_text(f"listen: 127.0.0.1:{free_port()}\ndata_dir: ./data\nrule_files: [rules.yaml]\n")
    return file


@pytest.fixture
def start(config: Path) -> Iterator[Callable[[], Server]]:
    servers: list[Server] = []

    def run() -> Server:
        port = int(config.read_text().splitlines()[0].rpartition(":")[2])
        servers.append(Server(config, port))
        return servers[-1]

    yield run
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait(timeout=30)


def forewatch(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "forewatch.cli", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_it_serves_reloads_takes_tokens_meanwhile_and_stops_cleanly(
    start: Callable[[], Server], config: Path, tmp_path: Path
) -> None:
    server = start()
    server.wait_ready()
    assert f"listening address=127.0.0.1:{server.port} scheme=http" in server.log()

    made = forewatch("token", "create", "--name", "t", "--role", "viewer", "--config", str(config))
    assert server.status("/api/v1/me", made.stdout.strip()) == 200

    (tmp_path / "rules.yaml").write_text("groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: 'up =='\n")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "rules not reloaded" in server.log(), "refused reload")
    (tmp_path / "rules.yaml").write_text(GOOD_RULES.format(name="Second"))
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "rules reloaded" in server.log(), "reload")
    assert server.status("/-/healthy") == 200

    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=30) == 0
    assert "stopped" in server.log()
    assert "Traceback" not in server.log()


def test_it_ends_with_1_when_evaluation_cannot_go_on(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fails(_self: Evaluation) -> None:
        raise RuntimeError("a fault in the program")

    monkeypatch.setattr(Evaluation, "run", fails)
    assert main(["collector", "run", "--config", str(config)]) == 1
    assert "background work failed work=evaluation" in capsys.readouterr().err


def test_a_second_one_on_the_same_data_is_refused(start: Callable[[], Server], config: Path) -> None:
    start().wait_ready()
    config.write_text(config.read_text().replace("listen: 127.0.0.1:", "listen: localhost:"))
    second = forewatch("collector", "run", "--config", str(config))
    assert second.returncode == 1
    assert "another process" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_port_in_use_is_told(config: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config.write_text(f"listen: 127.0.0.1:{port}\ndata_dir: ./data\nrule_files: [rules.yaml]\n")
        refused = forewatch("collector", "run", "--config", str(config))
    assert refused.returncode == 2
    assert f"127.0.0.1:{port}: this address is in use; stop what listens there" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("action", ["run", "migrate"])
def test_a_data_folder_that_cannot_be_used_is_told(action: str, config: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    refused = forewatch("collector", action, "--config", str(config))
    assert refused.returncode == 2
    assert f"{tmp_path / 'data'}: data_dir cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_migrate_says_where_the_database_is(config: Path) -> None:
    first = forewatch("collector", "migrate", "--config", str(config))
    again = forewatch("collector", "migrate", "--config", str(config))
    assert first.returncode == again.returncode == 0
    assert first.stdout == again.stdout
    assert first.stdout.startswith("database is at revision ")


@pytest.mark.parametrize(
    ("config_text", "rules_text", "status", "fault", "why"),
    [
        ("data_dir: ./data\nrule_files: [rules.yaml]\n", GOOD_RULES.format(name="A"), 0, None, "all is well"),
        ("data_dir: ./data\nlisten: nowhere\n", "", 2, "collector.yaml:2: listen:", "a wrong key"),
        ("data_dir: ./data\nrule_files: [none/*.yaml]\n", "", 0, "none/*.yaml matches no file; put one there",
         "no rules at all: `run` starts so"),
        ("data_dir: ./data\nrule_files: [rules.yaml]\n", GOOD_RULES.format(name="A") + "        fro: 5m\n",
         1, "rules.yaml:6:", "a wrong rule"),
        ("data_dir: ./data\nrule_files: [gone.yaml]\n", "", 1, "gone.yaml: cannot be read", "a missing rule file"),
        ("data_dir: ./data\nrule_files: [rules.yaml]\ntls: {cert: c.pem, key: k.pem}\n", GOOD_RULES.format(name="A"),
         1, "c.pem: cannot be read", "a missing certificate"),
    ],
)  # fmt: skip
def test_check_names_each_fault(
    tmp_path: Path, config_text: str, rules_text: str, status: int, fault: str | None, why: str
) -> None:
    (tmp_path / "rules.yaml").write_text(rules_text)
    (tmp_path / "collector.yaml").write_text(config_text)
    checked = forewatch("collector", "check", "--config", str(tmp_path / "collector.yaml"))
    if fault is None:
        assert (checked.returncode, checked.stdout) == (0, "ok\n"), checked.stderr
    else:
        assert checked.returncode == status, why
        assert fault in checked.stderr, checked.stdout + checked.stderr


def test_nothing_it_makes_is_readable_by_others(start: Callable[[], Server], tmp_path: Path) -> None:
    start().wait_ready()
    data = tmp_path / "data"
    assert data.stat().st_mode & 0o777 == 0o700
    assert (data / "forewatch.db").stat().st_mode & 0o077 == 0


def test_openapi_is_served_by_the_real_thing(start: Callable[[], Server]) -> None:
    server = start()
    server.wait_ready()
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api/v1/openapi.json", timeout=10) as response:
        assert json.load(response)["openapi"] == "3.1.0"
