"""The packages' scripts in a root folder of their own: what they make, they remove.

The programs that change users and services are stand-ins that write down how they were called.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.packaging.conftest import SOURCE
from tests.servers.require import find_program

SCRIPTS = sorted(path for path in (SOURCE / "packaging" / "agent").iterdir() if path.suffix != ".yaml")
TOKEN = "var/lib/forewatch-agent/agent.token"


class Host:
    """A root folder, and programs before the real ones in the path."""

    def __init__(self, root: Path, programs: Path) -> None:
        self.root = root
        self._programs = programs
        self._calls = programs / "calls"
        (root / "opt/forewatch-agent/prepare").write_text(
            '#!/bin/sh\nmkdir -p "$DPKG_ROOT/opt/forewatch-agent/venv/bin"\n'
        )
        for name in ("systemctl", "useradd", "userdel", "groupdel", "chown"):
            self.program(name, "")
        self.program("getent", f'grep -q "^useradd.*$2" {self._calls} && ! grep -q "^userdel.*$2" {self._calls}')

    def program(self, name: str, then: str) -> None:
        file = self._programs / name
        file.write_text(f'#!/bin/sh\necho {name} "$@" >>{self._calls}\n{then}\n')
        file.chmod(0o755)

    def run(self, script: str, *arguments: str) -> str:
        environment = {"PATH": f"{self._programs}:{os.environ['PATH']}", "DPKG_ROOT": str(self.root)}
        done = subprocess.run(
            ["/bin/sh", SOURCE / "packaging" / "agent" / script, *arguments],
            env=environment, check=False, capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def calls(self, of: str) -> list[str]:
        """How a program was called, without what only asks."""
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        return [line.removeprefix(f"{of} ") for line in lines if line.startswith(f"{of} ")]

    def paths(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")}


@pytest.fixture
def host(unpacked: Path, tmp_path: Path) -> Host:
    programs = tmp_path / "programs"
    programs.mkdir()
    return Host(unpacked, programs)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_sound(script: Path) -> None:
    subprocess.run(["/bin/sh", "-n", script], check=True, timeout=20)
    checker = find_program("shellcheck")
    if checker is not None:
        subprocess.run([checker, script], check=True, timeout=20)


@pytest.mark.parametrize("first", [("configure",), ("1",)], ids=["dpkg", "rpm"])
def test_a_first_installation_enables_the_unit_and_says_what_to_do_next(host: Host, first: tuple[str, ...]) -> None:
    host.run("preinstall", "install")
    said = host.run("postinstall", *first)
    assert said.count("\n") == 1
    assert "forewatch-agent-enrol" in said
    assert "enable --quiet forewatch-agent.service" in host.calls("systemctl")
    assert not [call for call in host.calls("systemctl") if call.startswith(("start", "restart"))]
    state = host.root / "var/lib/forewatch-agent"
    assert state.stat().st_mode & 0o777 == 0o700
    assert host.calls("chown") == [f"forewatch-agent:forewatch-agent {state}"]


@pytest.mark.parametrize("again", [("configure", "0.0.9"), ("2",)], ids=["dpkg", "rpm"])
def test_an_upgrade_leaves_the_unit_as_the_administrator_set_it_and_says_nothing(
    host: Host, again: tuple[str, ...]
) -> None:
    host.run("preinstall", "upgrade")
    host.run("postinstall", "configure")
    (host.root / TOKEN).write_text("secret")
    before = host.calls("systemctl")
    host.run("preinstall", "upgrade")
    assert host.run("postinstall", *again) == ""
    assert not [call for call in host.calls("systemctl")[len(before) :] if "enable" in call]
    assert len(host.calls("useradd")) == 1


def test_an_installation_after_a_removal_enables_the_unit_again_though_dpkg_calls_it_an_upgrade(host: Host) -> None:
    host.run("preinstall", "install")
    host.run("postinstall", "configure")
    host.run("preremove", "remove")
    host.run("postremove", "remove")
    host.run("preinstall", "install", "0.0.9")
    host.run("postinstall", "configure", "0.0.9")
    assert host.calls("systemctl")[-2:] == [
        "disable --quiet forewatch-agent.service",
        "enable --quiet forewatch-agent.service",
    ]


@pytest.mark.parametrize("upgrade", ["upgrade", "1"], ids=["dpkg", "rpm"])
def test_the_old_version_of_an_upgrade_removes_nothing(host: Host, upgrade: str) -> None:
    host.run("preinstall", "install")
    host.run("postinstall", "configure")
    before = host.paths()
    host.run("preremove", upgrade)
    host.run("postremove", upgrade)
    assert host.paths() == before
    assert host.calls("userdel") == []


def test_removal_keeps_configuration_and_credential_until_the_purge(host: Host) -> None:
    host.run("preinstall", "install")
    host.run("postinstall", "configure")
    (host.root / TOKEN).write_text("secret")
    host.run("preremove", "remove")
    host.run("postremove", "remove")
    assert "disable --quiet forewatch-agent.service" in host.calls("systemctl")
    assert "opt/forewatch-agent/venv" not in host.paths()
    assert {TOKEN, "etc/forewatch-agent/agent.yaml"} <= host.paths()
    assert host.calls("userdel") == []


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([("preremove", "remove"), ("postremove", "remove"), ("postremove", "purge")], id="dpkg --purge"),
        pytest.param([("preremove", "0"), ("postremove", "0")], id="rpm --erase"),
    ],
)
def test_nothing_is_left_but_what_the_package_manager_itself_removes(host: Host, steps: list[tuple[str, str]]) -> None:
    unpacked = host.paths()
    host.run("preinstall", "install")
    host.run("postinstall", "configure")
    (host.root / TOKEN).write_text("secret")
    (host.root / "var/lib/forewatch-agent/spool").mkdir()
    for script, argument in steps:
        host.run(script, argument)
    assert host.paths() - unpacked == set()
    assert host.calls("userdel") == ["forewatch-agent"]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="no collector"),
        pytest.param(["collector:9470"], id="no URL"),
        pytest.param(["https://a/|e touch /tmp/x"], id="what sed would read as more than a URL"),
        pytest.param(["https://a", "token", "more"], id="one too many"),
    ],
)
def test_enrolment_asks_for_a_url(arguments: list[str]) -> None:
    script = SOURCE / "packaging" / "agent" / "forewatch-agent-enrol"
    done = subprocess.run(["/bin/sh", script, *arguments], check=False, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "usage:" in done.stderr
