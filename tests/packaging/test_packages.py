"""The built packages in a Debian of their own: installed, used, upgraded, removed; nothing is left.

`make packages-test` builds them and names their folder in FOREWATCH_PACKAGES; without it these tests are not run, as
they need root, Debian's registry and a few minutes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.packaging.conftest import FOLDER, NEEDS_PACKAGES
from tests.packaging.machine import Machine
from tests.servers.require import require_program

pytestmark = NEEDS_PACKAGES


def test_a_deb_installs_runs_and_leaves_nothing_after_a_purge(machine: Machine, deb: str) -> None:
    before = machine.files()
    said = machine.run("dpkg", "--install", deb)
    assert "forewatch-agent-enrol" in said
    assert "node_cpu_seconds_total" in machine.run("forewatch-agent", "once")
    machine.run("dpkg", "--install", deb)  # an upgrade
    machine.run("dpkg", "--remove", "forewatch-agent")
    assert (machine.root / "etc/forewatch-agent/agent.yaml").exists()
    machine.run("dpkg", "--purge", "forewatch-agent")
    assert machine.files() == before


def test_the_agents_user_may_use_its_configuration_and_state(machine: Machine, deb: str) -> None:
    machine.run("dpkg", "--install", deb)
    command = "forewatch-agent check --config /etc/forewatch-agent/agent.yaml && touch /var/lib/forewatch-agent/x"
    assert "ok" in machine.run("runuser", "-u", "forewatch-agent", "--", "sh", "-c", command)
    link = machine.root / "etc/systemd/system/multi-user.target.wants/forewatch-agent.service"
    assert link.is_symlink()


def test_a_lost_environment_is_made_again_at_the_next_start(machine: Machine, deb: str) -> None:
    machine.run("dpkg", "--install", deb)
    (machine.root / "opt/forewatch-agent/venv/bin/python").unlink()
    machine.run("/opt/forewatch-agent/prepare")
    assert "node_cpu_seconds_total" in machine.run("forewatch-agent", "once")


def test_an_rpm_installs_runs_and_leaves_nothing_after_its_removal(build: ModuleType, machine: Machine) -> None:
    rpm = require_program("rpm", "rpm")
    before = machine.files()
    # Debian's files are in no rpm database, so what the package needs is looked at by the next test.
    at = ["--root", str(machine.root), "--dbpath", "/var/lib/rpm"]
    package = Path(FOLDER) / build.file_name("x86_64", "rpm")
    subprocess.run([rpm, *at, "--install", "--nodeps", "--nosignature", package], check=True, timeout=120)
    assert "node_cpu_seconds_total" in machine.run("forewatch-agent", "once")
    subprocess.run([rpm, *at, "--erase", "--nodeps", "forewatch-agent"], check=True, timeout=120)
    assert machine.files() == before


def test_an_rpm_asks_for_a_python_that_it_has_wheels_for(build: ModuleType) -> None:
    package = Path(FOLDER) / build.file_name("x86_64", "rpm")
    asked = subprocess.run(
        [require_program("rpm", "rpm"), "--query", "--requires", "--package", package],
        check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    assert "(python3 >= 3.11 or python3.12 or python3.11)" in asked


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_there_are_wheels_for_every_python_of_both_architectures(
    build: ModuleType, tmp_path: Path, arch: str, python: str
) -> None:
    package = Path(FOLDER) / build.file_name(arch, "deb")
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path], check=True, timeout=60)
    pip = [sys.executable, "-m", "pip", "--quiet", "install", "--dry-run", "--no-index", "--target", tmp_path / "none"]
    kind = ["--only-binary=:all:", "--implementation", "cp", "--python-version", python]
    abis = [option for abi in (f"cp{python.replace('.', '')}", "abi3", "none") for option in ("--abi", abi)]
    where = [option for name in build.platforms(arch) for option in ("--platform", name)]
    wheels = ["--find-links", tmp_path / "opt/forewatch-agent/wheels", "forewatch"]
    subprocess.run([*pip, *kind, *abis, *where, *wheels], check=True, timeout=120)


def test_the_single_file_runs_and_keeps_to_its_cache_folder(build: ModuleType, tmp_path: Path) -> None:
    file = Path(FOLDER) / build.file_name("x86_64", "pyz")
    cache, home = tmp_path / "cache", tmp_path / "home"
    home.mkdir()
    environment = {"PATH": "/usr/bin:/bin", "PEX_ROOT": str(cache), "HOME": str(home)}
    done = subprocess.run(
        [sys.executable, file, "once"], env=environment, check=True, capture_output=True, text=True, timeout=120
    )
    assert "node_cpu_seconds_total" in done.stdout
    assert cache.exists()
    assert list(home.iterdir()) == []


def test_the_single_file_runs_on_a_host_that_has_python_and_nothing_else(build: ModuleType, machine: Machine) -> None:
    shutil.copy(Path(FOLDER) / build.file_name("x86_64", "pyz"), machine.root / "var/cache/agent.pyz")
    assert machine.run("python3", "-c", "import pip", status=1) == ""
    before = machine.files()
    assert "node_cpu_seconds_total" in machine.run(
        "env", "PEX_ROOT=/var/cache/pex", "python3", "/var/cache/agent.pyz", "once"
    )
    assert machine.files() == before
