from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from agent.probes.host.collector import Collector, Host
from agent.probes.host.loadavg import LoadavgCollector
from agent.probes.host.probe import HostProbe
from agent.probes.host.registry import COLLECTORS
from agent.sample import Family, Sample, Series
from core.clock import ManualClock
from tests.agent.probes.hardware import equip
from tests.agent.probes.read import by_name

REPOSITORY = Path(__file__).parents[3]


async def test_every_collector_of_a_well_equipped_host_succeeds(root: Path, clock: ManualClock) -> None:
    values = by_name(await HostProbe(equip(root), clock).collect())
    for name in COLLECTORS:
        assert values[f"node_scrape_collector_success {name}"] == 1, name
    assert len(values) > 800


async def test_what_a_kernel_has_not_is_looked_for_once_a_minute(root: Path, clock: ManualClock) -> None:
    probe = HostProbe(root, clock)
    assert by_name(await probe.collect())["node_scrape_collector_success schedstat"] == 0
    equip(root)
    assert by_name(await probe.collect())["node_scrape_collector_success schedstat"] == 0
    await clock.advance(60)
    assert by_name(await probe.collect())["node_scrape_collector_success schedstat"] == 1


async def test_series_are_made_once(root: Path, clock: ManualClock) -> None:
    probe = HostProbe(root, clock)
    first, second = await probe.collect(), await probe.collect()
    assert [sample.series for sample in first] == [sample.series for sample in second]
    assert all(before.series is after.series for before, after in zip(first, second, strict=True))


async def test_labels_are_sorted_and_without_empty_values(root: Path, clock: ManualClock) -> None:
    for sample in await HostProbe(root, clock).collect():
        names = [name for name, _ in sample.labels]
        assert names == sorted(set(names))
        assert all(value for _, value in sample.labels)
        assert not {"__name__", "job", "instance"} & set(names)


class Broken:
    """Fails while `fails`, after three seconds on the clock."""

    fails = True

    def __init__(self, host: Host) -> None:
        self._clock = host.clock

    async def collect(self) -> list[Sample]:
        assert isinstance(self._clock, ManualClock)
        await self._clock.advance(3)
        if Broken.fails:
            raise ValueError("the kernel speaks in tongues")
        return [Sample(Series(Family("node_works", "gauge", "Works.")), 1)]


@pytest.fixture
def collectors() -> dict[str, type[Collector]]:
    Broken.fails = True
    return {"broken": Broken, "loadavg": LoadavgCollector}


async def test_a_failing_collector_costs_only_its_own_samples(
    root: Path, clock: ManualClock, collectors: dict[str, type[Collector]]
) -> None:
    values = by_name(await HostProbe(root, clock, collectors).collect())
    assert values["node_scrape_collector_success broken"] == 0
    assert values["node_scrape_collector_duration_seconds broken"] == 3
    assert values["node_scrape_collector_success loadavg"] == 1
    assert "node_load1" in values


async def test_a_failure_is_said_when_it_begins_and_when_it_ends(
    root: Path, clock: ManualClock, collectors: dict[str, type[Collector]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    probe = HostProbe(root, clock, collectors)
    for fails in (True, True, False, False):
        Broken.fails = fails
        values = by_name(await probe.collect())
        assert values["node_scrape_collector_success broken"] == (not fails)
    assert [record.message for record in caplog.records] == ["host collector failed", "host collector works again"]
    assert vars(caplog.records[0])["fields"] == {
        "collector": "broken",
        "reason": "ValueError: the kernel speaks in tongues",
    }


async def test_without_anything_to_read_the_probe_fails(tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(OSError, match="is /proc mounted") as caught:
        await HostProbe(tmp_path, clock, {"loadavg": LoadavgCollector}).collect()
    assert isinstance(caught.value.__cause__, FileNotFoundError)


async def test_this_very_host_can_be_probed() -> None:
    probe = HostProbe()
    await probe.collect()
    values = by_name(await probe.collect())
    assert values["node_memory_MemTotal_bytes"] > 0
    assert values["node_boot_time_seconds"] < values["node_time_seconds"]


def test_the_host_probe_loads_no_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import agent.probes.host.probe;"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == ["agent", "core"]
