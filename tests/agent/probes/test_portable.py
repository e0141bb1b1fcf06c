"""What psutil tells of systems without /proc, tried on Linux next to what /proc tells."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from agent.probes.host.portable import PORTABLE, cpu_seconds
from agent.probes.host.probe import HostProbe, usual
from agent.probes.host.registry import COLLECTORS
from core.clock import SystemClock
from tests.agent.probes.read import by_name

REPOSITORY = Path(__file__).parents[3]
# What every system tells. `os` is from os-release on Linux, where psutil is not used.
SAME = ("cpu", "meminfo", "netdev", "stat", "uname")


class Windows(NamedTuple):
    user: float
    system: float
    idle: float
    interrupt: float
    dpc: float


class MacOs(NamedTuple):
    user: float
    nice: float
    system: float
    idle: float


class Part(NamedTuple):
    device: str
    mountpoint: str
    fstype: str
    opts: str


class Usage(NamedTuple):
    total: int
    used: int
    free: int


async def test_linux_tells_the_same_under_the_same_names() -> None:
    clock = SystemClock()
    portable = by_name(await HostProbe(clock=clock, collectors={name: PORTABLE[name] for name in SAME}).collect())
    own = by_name(await HostProbe(clock=clock, collectors={name: COLLECTORS[name] for name in SAME}).collect())
    names = {key for key in portable if not key.startswith(("node_scrape", "node_uname_info"))}
    assert len(names) > 20
    assert names <= own.keys()
    for key in names:
        assert portable[key] == pytest.approx(own[key], rel=0.3, abs=1e6), key
    for steady in ("node_memory_MemTotal_bytes", "node_boot_time_seconds"):
        assert portable[steady] == pytest.approx(own[steady], abs=2)


async def test_every_subject_is_told_again_under_the_same_series() -> None:
    probe = HostProbe(collectors=PORTABLE)
    first, second = await probe.collect(), await probe.collect()
    by_name(first)
    failed = {
        key for key, value in by_name(second).items() if key.startswith("node_scrape_collector_success") and not value
    }
    assert failed == set()
    shared = {sample.series: sample.series for sample in first}
    assert all(shared[sample.series] is sample.series for sample in second if sample.series in shared)
    assert {"node_load15", "node_network_up", "node_filesystem_avail_bytes", "node_os_info", "node_time_seconds"} <= {
        sample.name for sample in second
    }


def test_windows_counts_interrupts_as_system_time_but_once_is_enough() -> None:
    times = Windows(10.0, 9.0, 80.0, 2.0, 1.0)
    assert cpu_seconds(times) == {"user": 10, "system": 6, "idle": 80, "irq": 2, "softirq": 1}


def test_macos_has_four_modes() -> None:
    times = MacOs(1.0, 2.0, 3.0, 4.0)
    assert cpu_seconds(times) == {"user": 1, "nice": 2, "system": 3, "idle": 4}


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_take_what_is_portable(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert usual() is PORTABLE


async def test_a_drive_that_does_not_answer_is_an_error_and_media_are_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drives = [
        Part("C:", "C:\\", "NTFS", "rw,fixed"),
        Part("D:", "D:\\", "", "cdrom"),
        Part("E:", "E:\\", "FAT32", "rw,removable"),
        Part("F:", "F:\\", "NTFS", "ro,fixed"),
    ]

    def usage(mountpoint: str) -> object:
        if mountpoint == "F:\\":
            raise PermissionError("locked by BitLocker")
        return Usage(100, 60, 40)

    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: drives)
    monkeypatch.setattr(psutil, "disk_usage", usage)
    found = by_name(await HostProbe(collectors={"filesystem": PORTABLE["filesystem"]}).collect())
    assert {key: value for key, value in found.items() if not key.startswith("node_scrape")} == {
        "node_filesystem_device_error C: NTFS C:\\": 0,
        "node_filesystem_readonly C: NTFS C:\\": 0,
        "node_filesystem_size_bytes C: NTFS C:\\": 100,
        "node_filesystem_avail_bytes C: NTFS C:\\": 40,
        "node_filesystem_device_error F: NTFS F:\\": 1,
        "node_filesystem_readonly F: NTFS F:\\": 1,
    }


def test_nothing_is_imported_that_windows_lacks() -> None:
    code = (
        "import psutil, asyncio, os, sys\n"
        "for name in ('fcntl', 'resource', 'pwd', 'grp', 'termios'): sys.modules[name] = None\n"
        "for name in ('statvfs', 'statvfs_result', 'uname', 'uname_result', 'sysconf', 'pread', 'O_CLOEXEC'):\n"
        "    delattr(os, name)\n"
        "sys.platform = 'win32'\n"
        "import agent.probes.host_extras, agent.facts.host, agent.config.host, agent.probes.exec\n"
        "sys.modules['msvcrt'] = type(sys)('msvcrt')\n"
        "import agent.commands, agent.process, agent.once, agent.enrol, agent.probes.logfiles, core.spool.spool\n"
        "from agent.probes.host.probe import usual\n"
        "print(len(usual()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (str(len(PORTABLE)), "")
