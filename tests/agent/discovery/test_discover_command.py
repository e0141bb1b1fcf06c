"""`forewatch agent discover` as people run it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.discovery import progress
from forewatch.cli import main
from tests.agent.discovery.network import NETWORK, running, switch
from tests.servers.ports import free_port, wait_until

FAST = ["--rate", "5000", "--no-report"]


def config(folder: Path, port: int, url: str = "http://127.0.0.1:1") -> Path:
    file = folder / "agent.yaml"
    file.write_text(
        f"collector: {{url: {url}}}\ndata_dir: {folder}/data\n"
        "snmp: {credentials: {lab: {version: 2c, community: public}}}\n"
        f"discovery: {{networks: [{NETWORK}], snmp_port: {port}, timeout: 300ms, ports: [], hosts: false}}\n"
    )
    return file


def test_one_object_is_on_stdout_and_progress_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with running({"127.0.9.3": switch("core-1", "SN-1")}) as (port, _):
        status = main(["agent", "discover", "127.0.9.2/31", "--snmp-port", str(port), "--format", "json", *FAST])
    out, err = capsys.readouterr()
    assert status == 0
    found = json.loads(out)
    assert (found["asked"], found["complete"]) == (2, True)
    assert "core-1" in [one["facts"]["name"] for one in found["devices"]]
    assert "public" not in [one.get("community") for one in found["devices"]]
    assert "100% 2/2" in err


def test_people_get_a_line_a_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running({"127.0.9.3": switch("core-1", "SN-1")}) as (port, _):
        assert main(["agent", "discover", "--config", str(config(tmp_path, port)), *FAST]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert line.split()[:4] == ["127.0.9.3", "switch", "core-1", "Cisco"]


def test_a_result_that_cannot_be_reported_is_told_and_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.discovery.report.ATTEMPTS", 1)
    with running({"127.0.9.3": switch("core-1", "SN-1")}) as (port, _):
        file = config(tmp_path, port, f"http://127.0.0.1:{free_port()}")
        assert main(["agent", "discover", "--config", str(file), "--rate", "5000"]) == 1
    out, err = capsys.readouterr()
    assert "core-1" in out
    assert "did not take the result" in err


WRONG = [
    ([], "name a network", "nothing to ask"),
    (["10.0.0.1/24"], "10.0.0.0/24", "an address within a network"),
    (["10.0.0.0/8"], "max_addresses", "too many"),
    (["10.0.0.0/30", "--exclude", "10.0.0.0/24"], "no address", "all excluded"),
    (["10.0.0.0/30", "--rate", "0"], "--rate", "no packets"),
    (["10.0.0.0/30", "--community", ""], "--community", "an empty community"),
    (["10.0.0.0/30", "--resume"], "--resume", "nothing kept without a configuration"),
]


@pytest.mark.parametrize(("options", "words", "why"), WRONG, ids=[case[2] for case in WRONG])
def test_wrong_options_are_refused(
    capsys: pytest.CaptureFixture[str], options: list[str], words: str, why: str
) -> None:
    assert main(["agent", "discover", *options]) == 2
    assert words in capsys.readouterr().err


def test_ctrl_c_keeps_what_was_found_and_resume_goes_on(tmp_path: Path) -> None:
    mibs = {f"127.0.9.{number}": switch(f"sw-{number}", f"SN-{number}") for number in (1, 13)}
    with running(mibs) as (port, _):
        command = [
            sys.executable,
            "-c",
            "from forewatch.cli import main; raise SystemExit(main())",
            "agent",
            "discover",
            "--config",
            str(config(tmp_path, port)),
            "--no-report",
        ]
        slow = [*command, "--rate", "5"]
        with subprocess.Popen(slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            journal = tmp_path / "data/discovery/by-hand.journal"
            wait_until(lambda: journal.exists() and b"sw-1" in journal.read_bytes(), "first device", process=process)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (130, b""), err
        assert b"goes on with it" in err
        done = subprocess.run([*command, "--rate", "5000", "--resume"], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert b"going on after" in done.stderr
    assert [line.split()[2] for line in done.stdout.splitlines()] == [b"sw-1", b"sw-13"]
    assert not journal.exists()


def test_the_bar_tells_share_rate_and_what_is_left() -> None:
    line = progress.bar(asked=64, total=256, found=3, alive=5, seconds=32.0)
    assert line == "[######------------------]  25% 64/256  2/s  left 1:36  answered 5  found 3"
    assert "left ?" in progress.bar(asked=0, total=256, found=0, alive=0, seconds=0.0)
    assert "100%" in progress.bar(asked=0, total=0, found=0, alive=0, seconds=1.0)
    assert progress.spell(3723) == "1:02:03"
