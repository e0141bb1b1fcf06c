"""The collector as docs/deployment.md installs it: its hardened unit, run by a real systemd."""

from __future__ import annotations

import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import ModuleType

import pytest

from tests.packaging.conftest import NEEDS_PACKAGES, SOURCE
from tests.packaging.machine import Machine
from tests.servers.ports import free_port, wait_until

pytestmark = NEEDS_PACKAGES

UNIT = "forewatch-collector.service"
HOME = "/var/lib/forewatch"


def install(build: ModuleType, host: Machine, folder: Path) -> None:
    """The environment, whose packages come from outside: the bare Debian has no pip."""
    host.run("python3", "-m", "venv", "--without-pip", "/opt/forewatch/venv")
    [packages] = (host.root / "opt/forewatch/venv/lib").glob("python3.*/site-packages")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", packages]
    kind = ["--only-binary=:all:", "--implementation", "cp", "--python-version", packages.parent.name[len("python") :]]
    where = [option for name in build.platforms("x86_64") for option in ("--platform", name)]
    constraints = ["--constraint", SOURCE / "constraints.txt"]
    wheel = f"{build.build_wheel(folder)}[collector]"
    subprocess.run([*pip, *kind, *where, *constraints, wheel], check=True, timeout=300)


@pytest.fixture
def collector(build: ModuleType, host: Machine, tmp_path: Path) -> str:
    """Its URL; configured, not started."""
    install(build, host, tmp_path)
    listen = f"127.0.0.1:{free_port()}"
    host.run("useradd", "--system", "--user-group", "--home-dir", HOME, "--shell", "/usr/sbin/nologin", "forewatch")
    config = host.root / "etc/forewatch/collector.yaml"
    config.parent.mkdir()
    shipped = (SOURCE / "configs/collector/collector.yaml").read_text().splitlines()
    own = {"listen:": f"listen: {listen}", "data_dir:": f"data_dir: {HOME}"}
    config.write_text("\n".join(own.get(line.split(" ")[0], line) for line in shipped) + "\n")
    host.run("sh", "-c", "chgrp forewatch /etc/forewatch/collector.yaml && chmod 0640 /etc/forewatch/collector.yaml")
    shutil.copy(SOURCE / "configs/systemd" / UNIT, host.root / "etc/systemd/system")
    host.run("systemctl", "daemon-reload")
    return f"http://{listen}"


def get(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return ""


def test_the_collector_serves_reloads_and_stops_under_its_hardened_unit(host: Machine, collector: str) -> None:
    host.run("systemctl", "enable", "--quiet", "--now", UNIT)
    wait_until(lambda: get(f"{collector}/-/ready") != "", "ready", seconds=60)
    wait_until(lambda: "forewatch_rule_evaluations_total{" in get(f"{collector}/metrics"), "rules are evaluated")
    metrics = get(f"{collector}/metrics")
    for name in ("process_resident_memory_bytes", "process_start_time_seconds", "process_open_fds"):
        assert f"\n{name} " in metrics, "the process can read what /proc says of it"
    assert "<form" in get(f"{collector}/login")

    def said(text: str) -> bool:
        return text in host.run("journalctl", "--no-pager", "--output=cat", "--unit", UNIT)

    host.run("systemctl", "reload", UNIT)
    wait_until(lambda: said("rules reloaded"), "rules are reloaded")
    host.run("systemctl", "stop", UNIT)
    assert host.run("systemctl", "show", "--property=Result", "--value", UNIT).strip() == "success"
    assert said("stopped")
    assert not said("Traceback")
    assert (host.root / HOME[1:] / "forewatch.db").stat().st_mode & 0o777 == 0o600
