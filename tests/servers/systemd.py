"""A real systemd with units of a test's own, the first process of namespaces and a control group of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil

from tests.servers.ports import wait_until
from tests.servers.require import find_program, missing, require_program

_PROGRAM = Path("/lib/systemd/systemd")
# Becomes the machine: the control group, the folder of the units, and systemd itself are the arguments.
_BOOT = """
echo $$ >"$1/cgroup.procs"
exec unshare --mount --pid --ipc --uts --cgroup --fork --kill-child sh -euc '
  mount --make-rprivate /
  mount -t tmpfs tmpfs /run
  mount --bind "$1" /etc/systemd/system
  mount -t proc proc /proc
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  exec env -i container=test "$2" --system --unit=test.target --show-status=no
' sh "$2" "$3"
"""
_ALONE = "[Unit]\nDefaultDependencies=no\n"


class Systemd:
    """A manager whose `test.target` wants the units.

    Args:
        units: what stands below `[Unit]`, by their names; templates are not started.
    """

    def __init__(self, folder: Path, units: Mapping[str, str]) -> None:
        require_program("systemctl", "systemd")
        if not _PROGRAM.exists():
            missing("systemd is not installed; apt-get install systemd")
        if subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False
        ).returncode:
            missing("a systemd of its own needs root and namespaces")
        self._folder = folder / "units"
        self._folder.mkdir()
        wanted = " ".join(name for name in units if "@." not in name)
        (self._folder / "test.target").write_text(f"{_ALONE}Wants={wanted}\n")
        for name, text in units.items():
            (self._folder / name).write_text(f"{_ALONE}{text}\n")
        self._group = _control_groups() / f"forewatch-systemd-{os.getpid()}"
        self.systemctl = folder / "systemctl"

    def start(self) -> None:
        self._group.mkdir()
        self._process = subprocess.Popen(
            ["sh", "-c", _BOOT, "sh", self._group, self._folder, _PROGRAM],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        wait_until(lambda: self.pid != 0, "systemd", process=self._process)
        enter = " ".join(self.enter)
        self.systemctl.write_text(f'#!/bin/sh\nexec {enter} systemctl "$@"\n')
        self.systemctl.chmod(0o755)
        wait_until(lambda: self.run("is-active", "test.target") == "active", "test.target", process=self._process)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(timeout=20)
        wait_until(lambda: "populated 0" in (self._group / "cgroup.events").read_text(), "systemd's processes ended")
        for group in sorted((path for path in self._group.rglob("*") if path.is_dir()), reverse=True):
            group.rmdir()
        self._group.rmdir()

    @property
    def pid(self) -> int:
        """The manager's, as this machine counts; 0 while it is being prepared."""
        children = psutil.Process(self._process.pid).children()
        return next((child.pid for child in children if child.name() == "systemd"), 0)

    @property
    def enter(self) -> list[str]:
        """What comes before a command that is to see this manager."""
        return [str(find_program("nsenter")), "--target", str(self.pid), "--mount", "--pid"]

    def run(self, *arguments: str) -> str:
        """What systemctl says."""
        done = subprocess.run([self.systemctl, *arguments], capture_output=True, text=True, check=False, timeout=30)
        return done.stdout.strip()


def _control_groups() -> Path:
    """Where the kernel's control groups of version 2 are mounted; a skip without."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2" and os.access(place, os.W_OK):
            return Path(place)
    missing("a systemd of its own needs control groups of version 2")
    raise AssertionError
