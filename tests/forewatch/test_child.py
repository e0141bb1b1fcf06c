"""A child of ours ends when its parent does, however that ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from forewatch.child import Child
from tests.e2e.processes import gone
from tests.servers.ports import free_port, wait_until

PARENT = """
import sys, time
from forewatch.child import Child
child = Child("agent", "run", "--config", sys.argv[1])
child.start()
print(child.pid, flush=True)
time.sleep(300)
"""
STUBBORN = """
import signal
from forewatch import child
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child.STOP_WITHIN_SECONDS = 0.1
child._end_with_parent(0)
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An agent whose collector is away."""
    file = tmp_path / "agent.yaml"
    (tmp_path / "agent.token").write_text("t")
    collector = {"url": f"http://127.0.0.1:{free_port()}", "token_file": "agent.token"}
    file.write_text(json.dumps({"name": "a", "collector": collector, "data_dir": "data", "interval": "1s"}))
    return file


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP], ids=["killed", "its terminal was closed"])
def test_the_child_of_a_parent_that_is_gone_ends_in_order(config: Path, how: signal.Signals) -> None:
    log = config.with_name("log")
    with log.open("wb") as err:
        parent = subprocess.Popen([sys.executable, "-c", PARENT, config], stdout=subprocess.PIPE, stderr=err)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    wait_until(lambda: "agent started" in log.read_text(), "agent started")
    parent.send_signal(how)
    parent.wait(timeout=10)
    parent.stdout.close()
    wait_until(lambda: gone(child), "child ended", seconds=10)
    said = log.read_text()
    assert "the parent process is gone" in said
    assert "agent stopped" in said


def test_a_child_that_does_not_stop_is_ended_by_force() -> None:
    done = subprocess.run([sys.executable, "-c", STUBBORN], stdin=subprocess.DEVNULL, check=False, timeout=20)
    assert done.returncode == -signal.SIGKILL


def test_a_child_lives_while_its_parent_does_and_is_stopped_by_it(config: Path) -> None:
    child = Child("agent", "run", "--config", str(config))
    assert child.ended() is None
    child.start()
    wait_until((config.parent / "data" / "spool").exists, "agent started")
    assert child.ended() is None
    child.stop()
    assert child.ended() == 0


def test_what_a_child_keeps_is_released_when_it_ends(config: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    descriptor = os.open(kept, os.O_CREAT | os.O_RDWR)
    child = Child("agent", "run", "--config", str(config), keep=[descriptor])
    child.start()
    os.close(descriptor)
    assert child.pid is not None
    assert str(kept) in {one.path for one in psutil.Process(child.pid).open_files()}
    child.stop()
