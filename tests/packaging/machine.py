"""A Debian of its own, as a folder: its programs are run in it, or its systemd is started, and it is a host."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.servers.ports import wait_until
from tests.servers.require import require_program

SUITE = "bookworm"
# What package managers and a running system keep for themselves, and what any installation writes.
_THEIRS = (
    "./var/lib/dpkg",
    "./var/lib/rpm",
    "./var/lib/systemd",
    "./var/log",
    "./var/cache",
    "./var/tmp/systemd-private-",
    "./tmp/systemd-private-",
    "./usr/lib/sysimage",
    "./etc/.pwd.lock",
    "./run",
)
# useradd and userdel keep the files before their change.
_BACKUPS = frozenset(f"./etc/{name}-" for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid"))


def install_debian(folder: Path) -> None:
    """A fresh Debian with Python, systemd and its bus."""
    command = [require_program("debootstrap", "debootstrap"), "--variant=minbase", "--include=python3,systemd,dbus"]
    subprocess.run([*command, SUITE, folder], check=True, stdout=subprocess.DEVNULL, timeout=300)


class Machine:
    """Programs of a root folder.

    Args:
        enter: what comes before a command line, so that it sees this machine and its own processes only.
    """

    def __init__(self, root: Path, *enter: str) -> None:
        self.root = root
        self._enter = enter or (
            "unshare", "--mount", "--pid", "--fork", f"--mount-proc={root}/proc", "chroot", str(root)
        )  # fmt: skip

    def command(self, *command: str) -> list[str]:
        """The command line that runs one inside."""
        return [*self._enter, *command]

    def run(self, *command: str, given: str = "", status: int = 0) -> str:
        """What a command says that ends with `status`; `given` is its standard input."""
        done = subprocess.run(
            self.command(*command), check=False, capture_output=True, text=True, timeout=240, input=given
        )
        assert done.returncode == status, done.stdout + done.stderr
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


@contextlib.contextmanager
def booted(root: Path) -> Iterator[Machine]:
    """The machine of a root folder with its systemd running."""
    group = _control_groups() / f"forewatch-test-{os.getpid()}"
    group.mkdir()
    # Of nobody's terminal and in no process group of ours: its end is what closes it.
    process = subprocess.Popen(
        [Path(__file__).with_name("boot"), root, group], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        wait_until(lambda: bool(_first(process.pid)), "boot", process=process)
        first = _first(process.pid)
        machine = Machine(root, "nsenter", "--target", str(first), "--all", "--root", "--wdns=/")
        wait_until(lambda: _is_up(machine), "systemd is up", process=process)
        yield machine
    finally:
        process.kill()
        process.wait(timeout=20)
        _remove_groups(group)


def _first(pid: int) -> int:
    """The machine's first process; 0 while it is being prepared."""
    children = psutil.Process(pid).children()
    return next((child.pid for child in children if child.name() == "systemd"), 0)


def _is_up(machine: Machine) -> bool:
    try:
        return machine.run("systemctl", "is-system-running").strip() == "running"
    except AssertionError:  # starting, or not there yet
        return False


def _control_groups() -> Path:
    """Where the kernel's control groups of version 2 are mounted."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise RuntimeError("control groups of version 2 are not mounted, and systemd needs them")


def _remove_groups(group: Path) -> None:
    def is_empty() -> bool:
        return "populated 0" in (group / "cgroup.events").read_text()

    wait_until(is_empty, "the machine's processes ended")
    for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
        folder.rmdir()
    group.rmdir()
