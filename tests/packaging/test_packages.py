"""The built packages in a Debian of their own: installed, used, upgraded, removed; nothing is left.

`make packages-test` builds them and names their folder in FOREWATCH_PACKAGES; without it these tests are not run, as
they need root, Debian's registry and a few minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.servers.require import require_program

FOLDER = os.environ.get("FOREWATCH_PACKAGES", "")
pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="for `make packages-test`"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a root folder of its own takes root"),
]
SUITE = "bookworm"
# What package managers keep for themselves, and what any installation writes.
_THEIRS = (
    "./var/lib/dpkg",
    "./var/log",
    "./var/cache",
    "./var/lib/rpm",
    "./usr/lib/sysimage",
    "./etc/.pwd.lock",
    "./run",
)
# useradd and userdel keep the files before their change.
_BACKUPS = frozenset(f"./etc/{name}-" for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid"))


@pytest.fixture(scope="session")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh Debian with Python and systemd, as a folder."""
    folder = tmp_path_factory.mktemp("debian") / SUITE
    command = [require_program("debootstrap", "debootstrap"), "--variant=minbase", "--include=python3,systemd"]
    subprocess.run([*command, SUITE, folder], check=True, stdout=subprocess.DEVNULL, timeout=200)
    return folder


class Machine:
    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *command: str) -> str:
        """What a command inside says; it sees its own processes only."""
        apart = ["unshare", "--mount", "--pid", "--fork", f"--mount-proc={self.root}/proc", "chroot", self.root]
        done = subprocess.run([*apart, *command], check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def files(self) -> dict[str, str]:
        """Every path with its type, mode, owner and target, and the users' lists; not what package managers keep."""
        listed = subprocess.run(
            ["find", ".", "-xdev", "-printf", "%p\t%y %m %U:%G %l\n"],
            cwd=self.root, check=True, capture_output=True, text=True, timeout=60,
        ).stdout  # fmt: skip
        paths = dict(line.split("\t", 1) for line in listed.splitlines())
        kept = {name: what for name, what in paths.items() if not name.startswith(_THEIRS) and name not in _BACKUPS}
        return kept | {name: (self.root / name).read_text() for name in ("etc/passwd", "etc/group")}


@pytest.fixture
def machine(debian: Path, tmp_path: Path) -> Iterator[Machine]:
    root = tmp_path / "machine"
    subprocess.run(["cp", "--archive", debian, root], check=True, timeout=120)
    yield Machine(root)
    shutil.rmtree(root)


@pytest.fixture
def deb(build: ModuleType, machine: Machine) -> str:
    """The package's path inside the machine."""
    shutil.copy(Path(FOLDER) / build.file_name("x86_64", "deb"), machine.root / "run" / "agent.deb")
    return "/run/agent.deb"


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
