"""Trouble that only a whole process can have: a full disk, faulty rules on a reload, a second start."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.labels import labels
from core.remote_write import CONTENT_HEADERS, compress, encode_labels, encode_write_request
from tests.e2e.conftest import DEVICE_DOWN
from tests.e2e.processes import Process, Site
from tests.servers.ports import wait_until
from tests.servers.require import missing, require_program

pytestmark = pytest.mark.e2e

DISK_MIB = 96
RESERVE_MIB = 16


def push(site: Site, token: str, value: float) -> tuple[int, str | None]:
    """Status and Retry-After of one remote-write request."""
    series = encode_labels(labels(__name__="story", instance="writer"))
    body = compress(encode_write_request([(series, value, time.time_ns() // 1_000_000)]))
    headers = CONTENT_HEADERS | {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(site.url + "/prometheus/api/v1/write", data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, None
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Retry-After"]


class SmallDisk:
    """A collector whose data folder is a small file system of its own, in a mount namespace of its own."""

    def __init__(self, folder: Path) -> None:
        unshare = require_program("unshare", "util-linux")
        if subprocess.run([unshare, "-m", "true"], capture_output=True, check=False).returncode != 0:
            missing("a file system of its own needs root and mount namespaces")
        self.site = Site(folder, rules=DEVICE_DOWN, limits={"disk_reserve": f"{RESERVE_MIB}MiB"})
        self.token = self.site.token("agent")
        data = folder / "data"
        mount = (
            f'cp -a "{data}" "{folder}/prepared" && mount -t tmpfs -o size={DISK_MIB}m tmpfs "{data}" '
            f'&& cp -a "{folder}/prepared/." "{data}" && exec "$@"'
        )
        run = [sys.executable, "-m", "forewatch.cli", "collector", "run", "--config", str(self.site.config)]
        self.site.collector = Process(
            folder / "collector.log", program=[str(unshare), "-m", "sh", "-c", mount, "sh", *run]
        )
        self.site.start()
        self._filler = Path(f"/proc/{self.site.collector.pid}/root{data}/filler")

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"\0" * (1 << 20))
            except OSError:
                return

    def clear(self) -> None:
        self._filler.unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    disk = SmallDisk(tmp_path / "site")
    yield disk
    disk.site.collector.kill()


def test_a_full_disk_acknowledges_nothing_and_heals_when_space_returns(small_disk: SmallDisk) -> None:
    site, token = small_disk.site, small_disk.token
    assert push(site, token, 1) == (204, None)
    small_disk.fill()
    status, retry_after = push(site, token, 2)
    assert (status, retry_after is not None) == (503, True)
    assert site.query("story")[0]["value"][1] == "1", "what was not acknowledged is not there; what was, is"
    with urllib.request.urlopen(site.url + "/-/healthy", timeout=5) as answer:
        assert answer.status == 200
    small_disk.clear()
    wait_until(lambda: push(site, token, 3) == (204, None), "space is back")
    assert site.query("story")[0]["value"][1] == "3"


def test_faulty_rules_on_a_reload_leave_the_last_good_set_in_force(site: Site) -> None:
    rules = site.folder / "rules" / "story.yaml"
    rules.write_text(DEVICE_DOWN + "      - alert: Broken\n        expr: up ==\n")
    site.collector.signal(signal.SIGHUP)
    wait_until(lambda: "rules not reloaded" in site.collector.log(), "the reload was refused")
    [told] = [line for line in site.collector.log().splitlines() if "rules not reloaded" in line]
    assert f"{rules}:13" in told
    assert "Broken" in told
    assert "forewatch_rule_last_reload_successful 0.0" in site.text("/metrics")
    rules.write_text(DEVICE_DOWN.replace("DeviceDown", "DeviceGone"))
    site.collector.signal(signal.SIGHUP)
    wait_until(lambda: "forewatch_rule_last_reload_successful 1.0" in site.text("/metrics"), "the reload was taken")


def test_a_second_collector_on_the_same_data_says_so_and_ends(site: Site) -> None:
    command = [sys.executable, "-m", "forewatch.cli", "collector", "run", "--config", str(site.config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "another process" in ended.stderr
