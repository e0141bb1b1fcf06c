"""What the configuration may ask of the host beyond the kernel's subjects."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.config.host import BY_SWITCH, USUAL, HostConfig, LogfileConfig, RaidConfig, SmartConfig, SystemdConfig
from agent.config.journal import JournalConfig
from agent.probes.host.by_switch import BY_SWITCH as BY_SWITCH_COLLECTORS
from agent.probes.host.registry import COLLECTORS
from agent.probes.host_extras import extras, host_probe, subjects
from agent.probes.mdstat import MdstatCollector
from agent.probes.processes import ProcessesCollector
from agent.probes.programs import NotInstalledError
from agent.probes.slow import Slow
from agent.probes.smart import PROGRAM as SMARTCTL
from agent.probes.smart import SmartCollector, samples_of
from agent.probes.textfile import TextfileCollector
from agent.sample import Sample
from core.clock import ManualClock
from tests.agent.probes.read import by_name


def test_a_host_has_the_subjects_that_its_configuration_names(tmp_path: Path, clock: ManualClock) -> None:
    assert [name for name, _ in extras(HostConfig(), tmp_path, clock)] == ["mdadm"]
    everything = HostConfig(
        textfile=tmp_path,
        processes={"a": "b"},
        logs=[LogfileConfig(file=tmp_path / "x.log", patterns={"error": "ERROR"})],
        journal=[JournalConfig(name="ssh", patterns={"error": "ERROR"})],
        systemd=SystemdConfig(enabled=True),
        smart=SmartConfig(enabled=True),
        raid=RaidConfig(enabled=True),
    )
    expected = ["mdadm", "textfile", "namedprocess", "logs", "journal", "systemd", "smart", "raid"]
    assert [name for name, _ in extras(everything, tmp_path, clock)] == expected


def test_the_configuration_knows_every_subject() -> None:
    assert COLLECTORS.keys() | {"mdadm"} == USUAL
    assert BY_SWITCH_COLLECTORS.keys() == BY_SWITCH


def test_subjects_are_switched_off_and_on() -> None:
    assert subjects({}) == COLLECTORS
    chosen = subjects({"netclass": False, "zoneinfo": True, "ksmd": False, "cpu": True})
    assert chosen.keys() == (COLLECTORS.keys() - {"netclass"}) | {"zoneinfo"}


def test_software_raid_can_be_left_out(tmp_path: Path, clock: ManualClock) -> None:
    assert list(extras(HostConfig(collectors={"mdadm": False}), tmp_path, clock)) == []


def test_a_subject_that_is_not_known_is_named_with_those_that_are() -> None:
    (finding,) = HostConfig(collectors={"netclas": False}).check()
    assert finding.where == ("collectors", "netclas")
    assert "netclass" in finding.message


async def test_a_host_within_a_container_is_read_where_it_is_mounted(root: Path, clock: ManualClock) -> None:
    (root / "proc/mdstat").write_text(
        "Personalities :\nmd7 : active raid0 sda[0]\n      1024 blocks\nunused devices:\n"
    )
    samples = await host_probe(HostConfig(root=root), root, clock).collect()
    values = {sample.name: sample.value for sample in samples}
    assert values["node_load1"] == float((root / "proc/loadavg").read_text().split()[0])
    assert values["node_md_blocks"] == 1024


async def test_they_are_told_with_the_host_s_own(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "backup.prom").write_text("backup_age_seconds 7\n")
    samples = await host_probe(HostConfig(textfile=tmp_path), tmp_path, clock).collect()
    values = {sample.name: sample.value for sample in samples}
    assert values["backup_age_seconds"] == 7
    assert "node_load1" in values
    told = {dict(sample.labels)["collector"] for sample in samples if sample.name == "node_scrape_collector_success"}
    assert {"textfile", "mdadm", "cpu"} <= told


# textfile


async def test_a_file_that_is_wrong_costs_its_own_samples_only(tmp_path: Path) -> None:
    (tmp_path / "a.prom").write_text('# TYPE a counter\na{b="c"} 1\n')
    (tmp_path / "b.prom").write_text("<html>\n")
    (tmp_path / "c.txt").write_text("c 1\n")
    (tmp_path / "d.prom").write_bytes(b"d\xff 1\n")
    (tmp_path / "e.prom").write_text("e 1\n" * 2_000_000)
    (tmp_path / "f.prom").mkdir()
    os.mkfifo(tmp_path / "g.prom")
    os.utime(tmp_path / "a.prom", (100, 100))
    collector = TextfileCollector(tmp_path)
    values = by_name(await collector.collect())
    assert values == {"a c": 1, f"node_textfile_mtime_seconds {tmp_path}/a.prom": 100, "node_textfile_scrape_error": 1}
    for name in "bdeg":
        (tmp_path / f"{name}.prom").unlink()
    (tmp_path / "f.prom").rmdir()
    assert by_name(await collector.collect())["node_textfile_scrape_error"] == 0


async def test_a_folder_that_is_not_there_is_told_with_the_remedy(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    await host_probe(HostConfig(textfile=tmp_path / "gone"), tmp_path, clock).collect()
    [told] = [record for record in caplog.records if record.getMessage() == "host collector failed"]
    assert "gone; make the folder, or mend host.textfile" in str(vars(told))


# processes


async def test_processes_are_counted_by_their_command_lines() -> None:
    script = "import sys; print('ready', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", script, "forewatch-test-process"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        groups = {"ours": "forewatch-test-process$", "nobody": "no-such-program-anywhere [x]"}
        values = by_name(await ProcessesCollector(groups).collect())
        process.communicate()
    assert values["namedprocess_namegroup_num_procs ours"] == 1
    assert values["namedprocess_namegroup_num_threads ours"] == 1
    assert values["namedprocess_namegroup_memory_bytes ours resident"] > 2**20
    assert values["namedprocess_namegroup_cpu_seconds_total ours user"] >= 0
    assert values["namedprocess_namegroup_oldest_start_time_seconds ours"] > 1_600_000_000
    assert values["namedprocess_namegroup_num_procs nobody"] == 0
    assert "namedprocess_namegroup_oldest_start_time_seconds nobody" not in values


async def test_a_name_may_hold_anything_and_a_process_may_end_while_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu 1\nbtime 1000\n")
    numbers = " ".join(["S", *["0"] * 10, "100", "200", "0", "0", "20", "0", "3", "0", "500", "0", "10"])
    for pid, name, command in ((1, "a) (b", b""), (2, "x", b"/bin/x\0-v\0")):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(f"{pid} ({name}) {numbers} 0\n")
        (tmp_path / str(pid) / "cmdline").write_bytes(command)
    (tmp_path / "3").mkdir()
    values = by_name(await ProcessesCollector({"kernel": r"^\[a\) \(b\]$", "x": "^/bin/x -v$"}, tmp_path).collect())
    tick = os.sysconf("SC_CLK_TCK")
    assert values["namedprocess_namegroup_num_procs kernel"] == values["namedprocess_namegroup_num_procs x"] == 1
    assert values["namedprocess_namegroup_cpu_seconds_total x user"] == 100 / tick
    assert values["namedprocess_namegroup_oldest_start_time_seconds x"] == 1000 + 500 / tick
    assert values["namedprocess_namegroup_num_threads x"] == 3


def program(folder: Path, output: str, status: int = 0) -> str:
    """A program that prints this, whatever it is asked."""
    (folder / "output").write_text(output)
    file = folder / "program"
    file.write_text(f"#!/bin/sh\ncat {folder}/output\nexit {status}\n")
    file.chmod(0o755)
    return str(file)


# RAID


REBUILDING = "[3/2] [UU_]\n      [=>..] recovery = 8.5% (1000/136448) finish=1min"


def mdstat(state: str, more: str = "") -> str:
    return f"""\
Personalities : [raid1] [raid6] [raid5] [raid4]
{state}
      136448 blocks super 1.2 {more}

unused devices: <none>
"""


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        (mdstat("md0 : active raid1 sdb1[1] sda1[0]", "[2/2] [UU]"), ("active", 2, 2, 0, 0, 0), "whole"),
        (mdstat("md0 : active raid1 sdb1[2](F) sda1[0]", "[2/1] [U_]"), ("active", 2, 1, 1, 0, 0), "one failed"),
        (mdstat("md0 : active raid1 sda1[0]", "[2/1] [U_]"), ("active", 2, 1, 0, 0, 1), "one is missing"),
        (
            mdstat("md0 : active raid5 sdc1[3] sdb1[1] sda1[0]", REBUILDING),
            ("recovering", 3, 2, 0, 0, 1),
            "being rebuilt",
        ),
        (
            mdstat("md0 : active raid1 sdb1[1] sda1[0] sdc1[2](S)", "[2/2] [UU]\n      resync=DELAYED"),
            ("resync", 2, 2, 0, 1, 0),
            "waits, with a spare",
        ),
        (mdstat("md0 : active (read-only) raid1 sdb1[1] sda1[0]", "[2/2] [UU]"), ("active", 2, 2, 0, 0, 0), "unused"),
        (mdstat("md0 : inactive sdb1[1](S) sda1[0](S)"), ("inactive", 0, 0, 0, 2, 0), "not assembled"),
        (mdstat("md0 : active raid0 sdb1[1] sda1[0]", "512k chunks"), ("active", 2, 2, 0, 0, 0), "without redundancy"),
    ],
)  # fmt: skip
async def test_an_array_s_disks_are_counted(
    tmp_path: Path, text: str, expected: tuple[str, int, int, int, int, int], reason: str
) -> None:
    file = tmp_path / "mdstat"
    file.write_text(text)
    values = by_name(await MdstatCollector(file).collect())
    state = [key.split()[2] for key, value in values.items() if key.startswith("node_md_state") and value]
    counts = [values[f"node_md_disks md0 {kind}"] for kind in ("active", "failed", "spare", "down")]
    assert (*state, values["node_md_disks_required md0"], *counts) == expected, reason
    assert values["node_md_blocks md0"] == 136448
    assert values["node_md_blocks_synced md0"] == {"recovering": 1000, "resync": 0}.get(expected[0], 136448)


# S.M.A.R.T.: smartctl's documented JSON (--json, format 1.0), cut to what is read

ATA: dict[str, Any] = {
    "smartctl": {"exit_status": 8}, "device": {"name": "/dev/sda", "protocol": "ATA"}, "model_name": "DISK 1\x07",
    "serial_number": "S1", "firmware_version": "1.0", "smart_status": {"passed": False},
    "temperature": {"current": 41}, "power_on_time": {"hours": 10},
    "ata_smart_attributes": {"table": [
        {"id": 5, "name": "Reallocated_Sector_Ct", "value": 90, "worst": 90, "thresh": 36, "raw": {"value": 24}},
    ]},
}  # fmt: skip
NVME: dict[str, Any] = {
    "smartctl": {"exit_status": 0}, "device": {"name": "/dev/nvme0", "protocol": "NVMe"},
    "smart_status": {"passed": True}, "temperature": {"current": 38},
    "nvme_smart_health_information_log": {
        "critical_warning": 4, "available_spare": 9, "available_spare_threshold": 10, "percentage_used": 101,
        "media_errors": 2,
    },
}  # fmt: skip


def test_a_disk_tells_how_it_is() -> None:
    values = by_name(samples_of(ATA))
    assert values["smartctl_device_smart_status sda"] == 0
    assert values["smartctl_device_temperature sda current"] == 41
    assert values["smartctl_device_power_on_seconds sda"] == 36_000
    assert values["smartctl_device_attribute 5 Reallocated_Sector_Ct raw sda"] == 24
    assert values["smartctl_device_smartctl_exit_status sda"] == 8
    [info] = [key for key in values if key.startswith("smartctl_device ")]
    assert "DISK 1 " in info
    values = by_name(samples_of(NVME))
    assert values["smartctl_device_percentage_used nvme0"] == 101
    assert values["smartctl_device_critical_warning nvme0"] == 4


@pytest.mark.parametrize(
    "told", [{}, {"device": 5}, {"device": {"name": "/dev/sda"}, "smart_status": [], "temperature": "x"}]
)
def test_a_disk_may_say_less_or_nonsense(told: dict[str, Any]) -> None:
    assert all(sample.value is not None for sample in samples_of(told))


async def test_smartctl_is_asked_for_each_disk_and_one_that_is_silent_costs_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "smartctl"
    disks = [("/dev/sda", "sat"), ("-x", "sat"), ("/dev/sdb", "sat"), ("/dev/bus/0", "megaraid,8")]
    scan = {"devices": [{"name": name, "type": kind} for name, kind in disks]}
    behind = NVME | {"device": {"name": "/dev/bus/0", "type": "megaraid,8"}}
    file.write_text(
        f"#!/bin/sh\ncase \"$*\" in *--scan-open*) echo '{json.dumps(scan)}';;\n"
        f"*--device=sat\\ /dev/sda) echo '{json.dumps(ATA | {'model_name': 'D'})}'; exit 8;;\n"
        f"*--device=megaraid,8\\ /dev/bus/0) echo '{json.dumps(behind)}';; esac\n"
    )
    file.chmod(0o755)
    collector = SmartCollector(dataclasses.replace(SMARTCTL, paths=("/nowhere/smartctl", str(file))))
    for _ in range(2):
        values = by_name(await collector.collect())
    assert values["smartctl_device_smart_status sda"] == 0
    assert values["smartctl_device_smart_status bus_0_megaraid_8"] == 1
    assert [record.getMessage() for record in caplog.records].count("disk does not tell its health") == 1


async def test_a_host_without_smartctl_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotInstalledError, match=r"smartctl is not installed.*install the package smartmontools"):
        await SmartCollector(dataclasses.replace(SMARTCTL, paths=("/nowhere/smartctl",))).collect()


@pytest.mark.parametrize("printed", ["usage: smartctl", "", "[" * 100_000], ids=["text", "nothing", "depth"])
async def test_a_smartctl_that_gives_no_json_is_told_so(tmp_path: Path, printed: str) -> None:
    with pytest.raises(OSError, match=r"smartctl: no JSON.*since version 7"):
        await SmartCollector(dataclasses.replace(SMARTCTL, paths=(program(tmp_path, printed),))).collect()


# Slow subjects


class Gate:
    """A subject that waits until it is let through, and counts its runs."""

    def __init__(self) -> None:
        self.runs = 0
        self.open = asyncio.Event()
        self.error: Exception | None = None

    async def collect(self) -> list[Sample]:
        self.runs += 1
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return [Sample(RUNS, self.runs)]


RUNS = samples_of(NVME).__next__().series


async def test_a_slow_subject_is_repeated_until_it_is_due_and_holds_up_nobody(clock: ManualClock) -> None:
    gate = Gate()
    gate.open.set()
    slow = Slow(gate, clock, pace_seconds=60, limit_seconds=30)  # type: ignore[arg-type]
    assert [sample.value for sample in await slow.collect()] == [1]
    assert [sample.value for sample in await slow.collect()] == [1]
    gate.open.clear()
    await clock.advance(60)
    assert [sample.value for sample in await slow.collect()] == [1]  # the second run waits; what is known is told
    gate.open.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [sample.value for sample in await slow.collect()] == [2]
    gate.error = OSError("broken")
    await clock.advance(60)
    with pytest.raises(OSError, match="broken"):  # noqa: PT012 - at the latest when the run has ended
        for _ in range(10):
            await slow.collect()
    assert gate.runs == 3


async def test_a_collection_with_patience_tells_what_the_run_that_it_started_gives(clock: ManualClock) -> None:
    gate = Gate()
    gate.open.set()
    slow = Slow(gate, clock, pace_seconds=5, limit_seconds=30, patience_seconds=20)  # type: ignore[arg-type]
    for expected in (1, 2):
        assert [sample.value for sample in await slow.collect()] == [expected]
        assert [sample.value for sample in await slow.collect()] == [expected]  # not due
        await clock.advance(5)
