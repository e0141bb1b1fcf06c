"""Subjects that are read on demand only."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.probes.host.by_switch import BY_SWITCH
from agent.probes.host.collector import Host
from agent.probes.host.container import ContainerCollector, own_group
from agent.probes.host.interrupts import parse_interrupts
from agent.probes.host.ksmd import KsmdCollector
from agent.probes.host.mountstats import parse_mountstats
from agent.probes.host.processes import ProcessesCollector, parse_state
from agent.probes.host.slabinfo import parse_slabinfo
from agent.probes.host.tcpstat import parse_tcp
from agent.probes.host.zoneinfo import parse_zoneinfo
from core.clock import ManualClock
from tests.agent.probes.read import by_name

MOUNTSTATS = """\
device rootfs mounted on / with fstype rootfs
device 192.0.2.5:/srv/a\\040b mounted on /mnt/nfs with fstype nfs4 statvers=1.1
\topts:\trw,vers=4.0,proto=tcp,clientaddr=192.0.2.9,addr=192.0.2.5,local_lock=none
\tage:\t13968
\tbytes:\t1207640230 2 3 4 1210214218 6 295483 7
\tRPC iostats version: 1.0  p/v: 100003/4 (nfs)
\txprt:\ttcp 832 0 1 0 11 6428 6428 0 12154 0 24 26 5726
\tper-op statistics
\t        NULL: 0 0 0 0 0 0 0 0
\t        READ: 1298 1299 1 207680 1210292152 6 79386 79407
device 192.0.2.5:/srv/a\\040b mounted on /mnt/again with fstype nfs4 statvers=1.1
\topts:\trw,vers=4.0,proto=tcp,addr=192.0.2.5
\tage:\t5
\txprt:\ttcp 832 0
"""
INTERRUPTS = """\
           CPU0       CPU1
  0:         46          7   IO-APIC   2-edge      timer
NMI:         47          8   Non-maskable interrupts
ERR:          9
"""
ZONEINFO = """\
Node 0, zone      DMA
  per-node stats
      nr_dirty     5
  pages free     3952
        min      33
        protection: (0, 2877, 7826)
      nr_free_pages 3952
      numa_hit     1
  pagesets
    cpu: 0
              count: 0
"""


@pytest.mark.skipif(not Path("/proc/self/mountstats").exists(), reason="this system is no Linux")
@pytest.mark.parametrize("name", sorted(BY_SWITCH.keys() - {"slabinfo", "container"}))
async def test_this_very_host_has_it(name: str, clock: ManualClock) -> None:
    collector = BY_SWITCH[name](Host.at(Path("/"), clock))
    samples = await collector.collect()
    assert samples or name == "mountstats"
    by_name(samples)


def test_a_mount_of_nfs_tells_bytes_and_operations_once() -> None:
    values = {(s.name, dict(s.labels).get("operation")): s for s in parse_mountstats(MOUNTSTATS)}
    age = values["node_mountstats_nfs_age_seconds_total", None]
    assert (age.value, dict(age.labels)) == (
        13968,
        {"export": "192.0.2.5:/srv/a b", "mountaddr": "192.0.2.5", "protocol": "tcp"},
    )
    assert values["node_mountstats_nfs_total_read_bytes_total", None].value == 1210214218
    assert values["node_mountstats_nfs_operations_response_time_seconds_total", "READ"].value == 79.386


def test_interrupts_of_devices_and_of_processors() -> None:
    assert parse_interrupts(INTERRUPTS) == {
        ("0", "IO-APIC", "2-edge timer", 2): [46, 7],
        ("NMI", "Non-maskable interrupts", "", 2): [47, 8],
    }


def test_zones_tell_pages_watermarks_and_protection() -> None:
    ((key, numbers),) = parse_zoneinfo(ZONEINFO).items()
    assert key[:2] == ("0", "DMA")
    assert dict(zip(key[2], numbers, strict=True)) == {
        "nr_dirty": 5,
        "min": 33,
        "protection 0": 0,
        "protection 1": 2877,
        "protection 2": 7826,
        "nr_free_pages": 3952,
        "numa_hit": 1,
    }


def test_the_name_of_a_process_may_look_like_its_state() -> None:
    text = "7 (a) S (b)) R " + " ".join(["0"] * 16) + " 3 0 0"
    assert parse_state(text) == ("R", 3)


async def test_processes_and_threads_are_counted_by_state(tmp_path: Path, clock: ManualClock) -> None:
    proc = tmp_path / "proc"
    for name, state, threads in (("1", "S", 1), ("2", "D", 2), ("2/task/2", "D", 2), ("2/task/5", "R", 2)):
        (proc / name).mkdir(parents=True)
        (proc / name / "stat").write_text(f"{name[-1]} (x) {state} {'0 ' * 16}{threads} 0\n")
    (proc / "3").mkdir()  # has ended
    (proc / "sys/kernel").mkdir(parents=True)
    (proc / "sys/kernel/threads-max").write_text("100\n")
    (proc / "sys/kernel/pid_max").write_text("200\n")
    assert by_name(await ProcessesCollector(Host.at(tmp_path, clock)).collect()) == {
        "node_processes_threads": 3,
        "node_processes_max_threads": 100,
        "node_processes_pids": 2,
        "node_processes_max_processes": 200,
        "node_processes_state D": 1,
        "node_processes_state S": 1,
        "node_processes_threads_state D": 1,
        "node_processes_threads_state R": 1,
        "node_processes_threads_state S": 1,
    }


def test_tcp_connections_and_their_queues() -> None:
    line = b"   0: 0100007F:1F90 00000000:0000 %s %s 00:00000000 00000000  0 0 1\n"
    data = b"sl\n" + line % (b"0A", b"00000000:00000000") + line % (b"01", b"00000010:00000001") * 2
    assert parse_tcp(data) == {"listen": 1, "established": 2, "tx_queued_bytes": 32, "rx_queued_bytes": 2}


def test_caches_of_another_format_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown format of slabinfo"):
        parse_slabinfo("slabinfo - version: 1.1\n")


async def test_merged_pages(host: Host, root: Path) -> None:
    (root / "sys/kernel/mm/ksm").mkdir(parents=True)
    (root / "sys/kernel/mm/ksm/sleep_millisecs").write_text("20\n")
    assert by_name(await KsmdCollector(host).collect()) == {"node_ksmd_sleep_seconds": 0.02}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


async def test_limits_of_a_container_of_version_2(host: Host, root: Path) -> None:
    group = "sys/fs/cgroup/system.slice/docker-1.scope"
    files = {
        "cgroup.procs": "1\n",
        "cpu.stat": "usage_usec 5000000\nuser_usec 3000000\nnr_periods 10\nnr_throttled 4\nthrottled_usec 2500000\n",
        "cpu.max": "150000 100000\n",
        "memory.current": "1000000\n",
        "memory.max": "2000000\n",
        "memory.stat": "anon 5\ninactive_file 300000\n",
        "memory.events": "oom 2\noom_kill 1\n",
        "pids.current": "9\n",
        "pids.max": "max\n",
    }
    write(root, {f"{group}/{name}": text for name, text in files.items()})
    write(root, {"proc/self/cgroup": "0::/system.slice/docker-1.scope\n"})
    assert by_name(await ContainerCollector(host).collect()) == {
        "container_cpu_usage_seconds_total": 5,
        "container_cpu_user_seconds_total": 3,
        "container_cpu_cfs_periods_total": 10,
        "container_cpu_cfs_throttled_periods_total": 4,
        "container_cpu_cfs_throttled_seconds_total": 2.5,
        "container_spec_cpu_quota": 150000,
        "container_spec_cpu_period": 100000,
        "container_memory_usage_bytes": 1000000,
        "container_memory_working_set_bytes": 700000,
        "container_spec_memory_limit_bytes": 2000000,
        "container_oom_events_total": 1,
        "container_threads": 9,
    }


async def test_limits_of_a_container_of_version_1_in_its_own_namespace(host: Host, root: Path) -> None:
    files = {
        "cpu/cgroup.procs": "1\n",
        "cpu/cpu.cfs_quota_us": "-1\n",
        "cpu/cpu.cfs_period_us": "100000\n",
        "cpuacct/cgroup.procs": "1\n",
        "cpuacct/cpuacct.usage": "7000000000\n",
        "memory/cgroup.procs": "1\n",
        "memory/memory.usage_in_bytes": "100\n",
        "memory/memory.stat": "total_inactive_file 250\n",
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
    }
    write(root, {f"sys/fs/cgroup/{name}": text for name, text in files.items()})
    write(root, {"proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n"})
    assert by_name(await ContainerCollector(host).collect()) == {
        "container_cpu_usage_seconds_total": 7,
        "container_spec_cpu_period": 100000,
        "container_memory_usage_bytes": 100,
        "container_memory_working_set_bytes": 0,
    }


async def test_without_control_groups_there_is_nothing(host: Host, root: Path) -> None:
    write(root, {"proc/self/cgroup": "0::/\n"})
    with pytest.raises(FileNotFoundError, match="no memory of a control group"):
        await ContainerCollector(host).collect()


def test_a_path_may_have_colons() -> None:
    assert own_group("3:cpu,cpuacct:/a:b\n0::/c\n") == {"cpu": "a:b", "cpuacct": "a:b", "": "c"}
