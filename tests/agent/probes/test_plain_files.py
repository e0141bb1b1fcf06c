"""Collectors of files that hold a few numbers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.probes.host.collector import Host
from agent.probes.host.filefd import FilefdCollector
from agent.probes.host.kernel import StatCollector, parse_stat
from agent.probes.host.loadavg import LoadavgCollector, parse_loadavg
from agent.probes.host.pressure import PressureCollector, parse_pressure
from agent.probes.host.sockstat import SockstatCollector, parse_sockstat
from agent.probes.host.uname import UnameCollector, uname_series
from core.clock import ManualClock
from tests.agent.probes.read import by_name


async def test_stat_has_the_totals_since_boot(host: Host) -> None:
    samples = await StatCollector(host).collect()
    values = by_name(samples)
    assert values["node_boot_time_seconds"] == 1795360149
    assert set(values) == {
        "node_boot_time_seconds",
        "node_context_switches_total",
        "node_forks_total",
        "node_intr_total",
        "node_procs_blocked",
        "node_procs_running",
    }
    assert {s.name for s in samples if s.family.type == "gauge"} == {
        "node_boot_time_seconds",
        "node_procs_blocked",
        "node_procs_running",
    }


def test_of_interrupts_only_the_sum_counts() -> None:
    assert parse_stat("cpu  1 2\nintr 812 7 0 805\nctxt 5\nsoftirq 9 1 8\n") == {"intr": 812, "ctxt": 5}


async def test_load_averages(host: Host, root: Path) -> None:
    (root / "proc/loadavg").write_text("12.50 0.20 0.10 4/312 99871\n")
    assert by_name(await LoadavgCollector(host).collect()) == {
        "node_load1": 12.5,
        "node_load5": 0.2,
        "node_load15": 0.1,
    }


def test_a_cut_load_average_is_an_error() -> None:
    with pytest.raises(ValueError):
        parse_loadavg("0.10 0.20")


async def test_open_files_and_their_maximum(host: Host, root: Path) -> None:
    (root / "proc/sys/fs/file-nr").write_text("1344\t0\t9223372036854775807\n")
    values = by_name(await FilefdCollector(host).collect())
    assert values == {"node_filefd_allocated": 1344, "node_filefd_maximum": 2.0**63}


async def test_pressure_is_waiting_for_some_and_stalled_for_all(host: Host, root: Path) -> None:
    (root / "proc/pressure/io").write_text(
        "some avg10=0.00 avg60=0.03 avg300=0.19 total=7955107\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n"
    )
    samples = await PressureCollector(host).collect()
    values = by_name(samples)
    assert values["node_pressure_io_waiting_seconds_total"] == 7.955107
    assert values["node_pressure_io_stalled_seconds_total"] == 0.5
    assert "node_pressure_cpu_stalled_seconds_total" not in values, "the kernel's full line of the CPU says nothing"
    assert len(values) == 5


async def test_pressure_of_interrupts_is_shown_where_the_kernel_accounts_for_it(host: Host, root: Path) -> None:
    (root / "proc/pressure/irq").write_text("full avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n")
    values = by_name(await PressureCollector(host).collect())
    assert values["node_pressure_irq_stalled_seconds_total"] == 1.5


async def test_an_old_kernel_without_pressure_has_no_data(host: Host, root: Path) -> None:
    for file in (root / "proc/pressure").iterdir():
        file.unlink()
    with pytest.raises(FileNotFoundError):
        await PressureCollector(host).collect()


def test_pressure_of_a_cpu_before_linux_5_13_has_one_line() -> None:
    assert parse_pressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n") == {"some": 7e-6}


def test_socket_memory_is_given_in_pages_and_in_bytes() -> None:
    text = "sockets: used 16\nTCP: inuse 1 orphan 0 tw 2 alloc 1 mem 5\nFRAG: inuse 0 memory 64\n"
    assert parse_sockstat(text, 4096) == {
        "sockets_used": 16,
        "TCP_inuse": 1,
        "TCP_orphan": 0,
        "TCP_tw": 2,
        "TCP_alloc": 1,
        "TCP_mem": 5,
        "TCP_mem_bytes": 20480,
        "FRAG_inuse": 0,
        "FRAG_memory": 64,
    }


async def test_sockets_of_both_families_and_of_one(host: Host, root: Path, clock: ManualClock) -> None:
    both = by_name(await SockstatCollector(host).collect())
    assert {"node_sockstat_TCP_inuse", "node_sockstat_TCP6_inuse", "node_sockstat_sockets_used"} <= set(both)
    (root / "proc/net/sockstat6").unlink()
    one = by_name(await SockstatCollector(Host.at(root, clock)).collect())
    assert {name for name in both if "6_" not in name} == set(one)


async def test_uname_is_this_kernel_and_its_domain(host: Host, root: Path) -> None:
    collector = UnameCollector(host)
    (sample,) = await collector.collect()
    system = os.uname()
    assert dict(sample.labels) == {
        "sysname": system.sysname,
        "release": system.release,
        "version": system.version,
        "machine": system.machine,
        "nodename": system.nodename,
        "domainname": "(none)",
    }
    (root / "proc/sys/kernel/domainname").write_text("example\n")
    host.forget()
    (sample,) = await collector.collect()
    assert dict(sample.labels)["domainname"] == "example"


def test_a_node_name_that_is_no_utf_8_is_still_a_label() -> None:
    odd = os.uname_result(("Linux", os.fsdecode(b"caf\xe9"), "6.1", "#1", "x86_64"))
    assert dict(uname_series(odd, "").labels)["nodename"] == "caf\ufffd"
