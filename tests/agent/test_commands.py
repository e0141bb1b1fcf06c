from __future__ import annotations

import asyncio
import io
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent import commands
from agent.config import host_name
from forewatch.cli import main
from tests.agent.collector import FakeCollector
from tests.agent.test_enrol import enrolled
from tests.servers.ports import free_port


def test_check_says_ok_or_names_the_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text("collector: {url: 'http://127.0.0.1:9470'}\ndata_dir: data\n")
    assert main(["agent", "check", "--config", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: ok\n"
    file.write_text("collector: {url: nowhere}\ndata_dir: data\ncolour: red\n")
    assert main(["agent", "check", "--config", str(file)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{file}:1", f"{file}:3"]


def test_check_looks_at_the_files_that_the_configuration_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text("collector: {url: 'https://127.0.0.1:9470', token_file: agent.token}\ndata_dir: data\n")
    assert main(["agent", "check", "--config", str(file)]) == 0
    assert "there is no" in (said := capsys.readouterr().err)
    assert f"forewatch agent enrol --collector https://127.0.0.1:9470 --token TOKEN --config {file}" in said
    (tmp_path / "agent.token").write_text("secret\n")
    assert main(["agent", "check", "--config", str(file)]) == 0
    assert capsys.readouterr().err == ""
    file.write_text("collector: {url: 'https://127.0.0.1:9470', ca_file: ca.pem}\ndata_dir: data\n")
    assert main(["agent", "check", "--config", str(file)]) == 1
    assert "ca.pem holds no certificates that can be used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("limits", "becomes"),
    [
        ((1024, 524_288), (65_536, 524_288)),
        ((1024, 4096), (4096, 4096)),
        ((1024, resource.RLIM_INFINITY), (65_536, resource.RLIM_INFINITY)),
        ((100_000, 524_288), None),
    ],
)
def test_an_agent_allows_itself_a_socket_for_each_device(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], becomes: tuple[int, int] | None
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: asked.append(wanted))
    commands._allow_open_files()
    assert asked == ([becomes] if becomes else [])


def test_once_without_a_configuration_reads_this_host(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agent", "once"]) == 0
    out = capsys.readouterr().out
    assert f'\nup{{instance="{host_name()}",job="node"}} 1\n' in out
    assert "\n# TYPE node_cpu_seconds_total counter\n" in out
    assert f'\nnode_load1{{instance="{host_name()}",job="node"}} ' in out


def test_once_is_what_promtool_reads(capsys: pytest.CaptureFixture[str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    assert main(["agent", "once"]) == 0
    out = capsys.readouterr().out
    checked = subprocess.run([promtool, "check", "metrics"], input=out, capture_output=True, text=True, check=False)
    # 3 is its taste in names, which node_exporter's are not to; 1 is text that cannot be read.
    assert checked.returncode in (0, 3), checked.stderr
    assert "error while linting" not in checked.stderr


def test_once_shows_a_device_that_does_not_answer_as_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(f"""\
collector: {{url: 'http://127.0.0.1:9470'}}
data_dir: data
host: {{enabled: false}}
snmp:
  timeout: 50ms
  retries: 0
  credentials: {{lab: {{community: public}}}}
  targets: [{{name: core-1, address: '127.0.0.1:{free_port()}', credential: lab}}]
""")
    assert main(["agent", "once", "--config", str(file), "--format", "json"]) == 0
    printed = capsys.readouterr()
    (target,) = json.loads(printed.out)["targets"]
    assert (target["instance"], target["job"], target["up"]) == ("core-1", "snmp", False)
    assert target["failure"] in ("timeout", "unreachable")
    values = {sample["name"]: sample["value"] for sample in target["samples"]}
    assert (values["up"], values["scrape_samples_scraped"]) == (0, 0)
    assert printed.err.startswith("core-1: ")
    assert not (tmp_path / "data").exists()


async def test_enrol_reads_the_token_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    collector = FakeCollector(answers=[enrolled()])
    await collector.start()
    monkeypatch.setattr("sys.stdin", io.StringIO("from-stdin\n"))
    file = str(tmp_path / "agent.yaml")
    arguments = ["agent", "enrol", "--collector", collector.url, "--token", "-", "--config", file, "--name", "web-1"]
    assert await asyncio.to_thread(main, arguments) == 0
    assert collector.received[0].headers["Authorization"] == "Bearer from-stdin"
    printed = capsys.readouterr().out
    assert "web-1 is enrolled" in printed
    assert "own-secret" not in printed
    await collector.stop()


def test_enrol_with_what_is_no_url_is_bad_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "agent.yaml")
    assert main(["agent", "enrol", "--collector", "collector:9470", "--token", "once", "--config", file]) == 2
    assert "is no http or https URL" in capsys.readouterr().err


def test_enrol_with_nobody_there_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url, file = f"http://127.0.0.1:{free_port()}", str(tmp_path / "agent.yaml")
    assert main(["agent", "enrol", "--collector", url, "--token", "once", "--config", file]) == 1
    assert capsys.readouterr().err == f"{url} cannot be reached: connection refused\n"


def test_an_agent_that_wants_to_start_anew_becomes_itself_again(tmp_path: Path) -> None:
    """The same process, started by the same words, and nothing is left of its memory."""
    file = tmp_path / "agent.yaml"
    file.write_text("name: web-1\ncollector: {url: 'http://127.0.0.1:1'}\ndata_dir: data\n")
    script = (
        "import os, sys\n"
        "from agent import process\n"
        "from forewatch.cli import main\n"
        "async def run(config, clock, stop):\n"
        "    print(os.getpid(), 'AGAIN' in os.environ, flush=True)\n"
        "    again = 'AGAIN' not in os.environ\n"
        "    os.environ['AGAIN'] = '1'\n"
        "    return again\n"
        "process.run = run\n"
        f"sys.exit(main(['agent', 'run', '--config', {str(file)!r}]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    first, second = (line.split() for line in done.stdout.splitlines())
    assert (first[1], second[1]) == ("False", "True")
    assert first[0] == second[0]
