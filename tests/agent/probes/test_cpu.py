from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.probes.host.collector import Host
from agent.probes.host.cpu import CpuCollector, never_backwards, parse_cpus
from tests.agent.probes.read import by_name

HZ = os.sysconf("SC_CLK_TCK")


async def test_each_cpu_has_its_eight_modes_and_two_of_guests(host: Host) -> None:
    samples = await CpuCollector(host).collect()
    assert len(samples) == 2 * 10
    assert {sample.family.type for sample in samples} == {"counter"}
    ticks = parse_cpus(host.proc.text("stat"))
    values = by_name(samples)
    assert values["node_cpu_seconds_total 1 user"] == ticks["1"][0] / HZ
    assert values["node_cpu_seconds_total 0 steal"] == ticks["0"][7] / HZ
    assert values["node_cpu_guest_seconds_total 0 nice"] == ticks["0"][9] / HZ
    assert samples[0].labels == (("cpu", "0"), ("mode", "user"))


def test_the_sum_of_all_cpus_is_no_cpu() -> None:
    assert parse_cpus("cpu  9 9 9 9\ncpu0 1 2 3 4\ncpu12 5 6 7 8\nintr 3 1 2\n") == {
        "0": [1, 2, 3, 4],
        "12": [5, 6, 7, 8],
    }


@pytest.mark.parametrize("text", ["", "intr 1\n", "cpu  1 2 3 4\n"])
def test_a_file_without_any_cpu_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="no line for any CPU"):
        parse_cpus(text)


@pytest.mark.parametrize(
    ("before", "now", "expected", "reason"),
    [
        ([10, 0, 0, 100, 7], [11, 0, 0, 101, 6], [11, 0, 0, 101, 7], "iowait fell by a tick: an estimate taken back"),
        ([10, 0, 0, 1000, 7], [11, 0, 0, 999, 7], [11, 0, 0, 1000, 7], "idle fell by less than three seconds"),
        ([10, 0, 0, 1000, 7], [1, 0, 0, 5, 0], [1, 0, 0, 5, 0], "the CPU was off-line and counts anew"),
        ([10, 0, 0, 100], [1, 0, 0, 100, 7], [1, 0, 0, 100, 7], "another layout cannot be compared"),
    ],
)
def test_counters_fall_only_when_a_cpu_restarts(
    before: list[int], now: list[int], expected: list[int], reason: str
) -> None:
    assert never_backwards(before, now, 100) == expected, reason


async def test_a_value_taken_back_shows_once_it_is_overtaken(host: Host, root: Path) -> None:
    collector = CpuCollector(host)
    seen = []
    for iowait in (50, 49, 48, 51):
        (root / "proc/stat").write_text(f"cpu  0 0 0 0\ncpu0 1 0 0 100 {iowait} 0 0 0 0 0\n")
        host.forget()
        seen.append(by_name(await collector.collect())["node_cpu_seconds_total 0 iowait"] * HZ)
    assert seen == [50, 50, 50, 51]


async def test_a_cpu_that_goes_off_line_takes_its_series_along(host: Host, root: Path) -> None:
    collector = CpuCollector(host)
    assert len(await collector.collect()) == 20
    text = (root / "proc/stat").read_text()
    (root / "proc/stat").write_text("".join(line for line in text.splitlines(True) if not line.startswith("cpu1")))
    host.forget()
    assert {dict(sample.labels)["cpu"] for sample in await collector.collect()} == {"0"}


def heat(root: Path, cpu: int, package: int, core: int, of_core: int, of_package: int) -> None:
    folder = root / f"sys/devices/system/cpu/cpu{cpu}"
    (folder / "topology").mkdir(parents=True)
    (folder / "thermal_throttle").mkdir()
    (folder / "topology/physical_package_id").write_text(f"{package}\n")
    (folder / "topology/core_id").write_text(f"{core}\n")
    (folder / "thermal_throttle/core_throttle_count").write_text(f"{of_core}\n")
    (folder / "thermal_throttle/package_throttle_count").write_text(f"{of_package}\n")


async def test_threads_of_one_core_share_its_throttle_counter(host: Host, root: Path) -> None:
    heat(root, 0, package=0, core=0, of_core=7, of_package=9)
    heat(root, 1, package=0, core=0, of_core=7, of_package=9)
    values = by_name((await CpuCollector(host).collect())[20:])
    assert values == {"node_cpu_core_throttles_total 0 0": 7, "node_cpu_package_throttles_total 0": 9}


async def test_each_core_and_each_package_has_its_throttle_counter(host: Host, root: Path) -> None:
    heat(root, 0, package=0, core=0, of_core=1, of_package=3)
    heat(root, 1, package=1, core=0, of_core=2, of_package=4)
    values = by_name((await CpuCollector(host).collect())[20:])
    assert values == {
        "node_cpu_core_throttles_total 0 0": 1,
        "node_cpu_package_throttles_total 0": 3,
        "node_cpu_core_throttles_total 0 1": 2,
        "node_cpu_package_throttles_total 1": 4,
    }
