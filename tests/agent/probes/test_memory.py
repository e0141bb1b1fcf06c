from __future__ import annotations

from pathlib import Path

import pytest

from agent.probes.host.collector import Host
from agent.probes.host.meminfo import MeminfoCollector, parse_meminfo
from agent.probes.host.vmstat import VmstatCollector
from tests.agent.probes.read import by_name


def test_memory_is_in_bytes_and_counts_are_plain() -> None:
    text = "MemTotal:  24684084 kB\nActive(anon):  12 kB\nHugePages_Total:  3\nHugepagesize:  2048 kB\n"
    assert parse_meminfo(text) == {
        "MemTotal_bytes": 24684084 * 1024,
        "Active_anon_bytes": 12288,
        "HugePages_Total": 3,
        "Hugepagesize_bytes": 2048 * 1024,
    }


@pytest.mark.parametrize("text", ["MemTotal: many kB\n", "MemTotal:\n"])
def test_memory_that_is_no_number_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_meminfo(text)


async def test_every_field_of_the_kernel_is_a_series(host: Host) -> None:
    samples = await MeminfoCollector(host).collect()
    assert len(samples) == len(host.proc.text("meminfo").splitlines())
    assert all(sample.name.startswith("node_memory_") and sample.family.type == "gauge" for sample in samples)


async def test_a_field_that_appears_shifts_no_other(host: Host, root: Path) -> None:
    collector = MeminfoCollector(host)
    file = root / "proc/meminfo"
    before = by_name(await collector.collect())
    file.write_text("Zeroth: 1 kB\n" + file.read_text())
    host.forget()
    assert by_name(await collector.collect()) == before | {"node_memory_Zeroth_bytes": 1024}


async def test_of_the_virtual_memory_events_those_that_operators_read(host: Host) -> None:
    samples = await VmstatCollector(host).collect()
    assert {sample.name for sample in samples} == {
        f"node_vmstat_{field}"
        for field in ("oom_kill", "pgfault", "pgmajfault", "pgpgin", "pgpgout", "pswpin", "pswpout")
    }
    assert {sample.family.type for sample in samples} == {"untyped"}
