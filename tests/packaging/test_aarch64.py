"""The aarch64 packages run: in a Debian of that architecture, by an emulator, against a real collector."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.e2e.processes import Process, Site
from tests.packaging.conftest import FOLDER, NEEDS_PACKAGES
from tests.packaging.machine import SUITE, Machine
from tests.servers.ports import wait_until
from tests.servers.require import require_program

pytestmark = NEEDS_PACKAGES


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Unpacked, not configured: nothing of this architecture has run when it is made."""
    kernel = tuple(int(part) for part in platform.release().split(".")[:2])
    if kernel < (6, 7):
        pytest.skip("before Linux 6.7 a user namespace has no binfmt_misc of its own")
    qemu = require_program("qemu-aarch64-static", "qemu-user-static")
    root = tmp_path_factory.mktemp("arm64") / SUITE
    command = [require_program("debootstrap", "debootstrap"), "--foreign", "--arch=arm64", "--variant=minbase"]
    subprocess.run(
        [*command, "--include=python3", SUITE, root], check=True, stdout=subprocess.DEVNULL, timeout=300
    )  # fmt: skip
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", package, root], check=True, timeout=60)
    return Machine(root, str(Path(__file__).with_name("emulated")), str(root), qemu)


def test_the_deb_s_agent_enrols_and_its_metrics_arrive(build: ModuleType, machine: Machine, site: Site) -> None:
    package = Path(FOLDER) / build.file_name("aarch64", "deb")
    # Not by dpkg: the emulated root is no root to chown for.
    subprocess.run(["dpkg-deb", "--extract", package, machine.root], check=True, timeout=60)
    machine.run("/opt/forewatch-agent/prepare")
    config = "/etc/forewatch-agent/agent.yaml"
    (machine.root / "var/lib/forewatch-agent").mkdir(exist_ok=True)
    (machine.root / config[1:]).write_text(
        f"collector: {{url: '{site.url}', token_file: /var/lib/forewatch-agent/agent.token}}\n"
        "data_dir: /var/lib/forewatch-agent\ninterval: 2s\n"
    )
    enrol = ["forewatch-agent", "enrol", "--collector", site.url, "--token", "-", "--config", config]
    machine.run(*enrol, given=site.token("enrol"))
    agent = Process(site.folder / "agent.log", program=machine.command("forewatch-agent", "run", "--config", config))
    agent.start()
    try:
        wait_until(lambda: site.query('node_uname_info{machine="aarch64"}') != [], "its metrics arrive", seconds=90)
    finally:
        agent.kill()


def test_the_single_file_runs(build: ModuleType, machine: Machine) -> None:
    shutil.copy(Path(FOLDER) / build.file_name("aarch64", "pyz"), machine.root / "var/cache/agent.pyz")
    said = machine.run("env", "PEX_ROOT=/var/cache/pex", "python3", "/var/cache/agent.pyz", "once")
    assert 'machine="aarch64"' in said
