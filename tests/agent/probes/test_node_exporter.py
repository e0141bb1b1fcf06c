"""The real node_exporter, on this host, next to ours: the same series under the same types."""

from __future__ import annotations

import contextlib
import re
import subprocess
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.config.host import HostConfig
from agent.exposition import expose
from agent.probes.host.by_switch import BY_SWITCH
from agent.probes.host.diskstats import EXCLUDE as EXCLUDE_DISKS
from agent.probes.host.mounts import EXCLUDE_POINTS, EXCLUDE_TYPES
from agent.probes.host.probe import HostProbe
from agent.probes.host.registry import COLLECTORS
from agent.probes.host_extras import host_probe
from core.clock import ManualClock, SystemClock
from tests.agent.probes.hardware import equip
from tests.agent.probes.test_cpu import heat
from tests.agent.probes.test_devices import UDEV
from tests.servers.node_exporter import PROGRAM, collector_options, collectors_by_default
from tests.servers.ports import accepts, free_port, wait_until
from tests.servers.require import require_program

Labels = frozenset[tuple[str, str]]
Page = dict[tuple[str, Labels], float]

# What it says of itself, not of the host.
THEIR_OWN = re.compile(r"node_exporter_build_info|promhttp_|go_|process_")
# What one of the two has by its version: newer than Debian's, or newer than ours.
BY_VERSION = re.compile(
    r"node_(pressure_irq_|os_support_end_|disk_filesystem_info|filesystem_mount_info|watchdog_|cpu_scaling_governor"
    r"|netstat_TcpExt_(TCPOFOQueue|TCPRcvQDrop)|softnet_(backlog|cpu_coll|flow_limit|received_rps)|edac_dimm_"
    r"|zfs_arc_memory_available_bytes)"
)
COLLECTORS_BY_VERSION = {"watchdog"}
# Where the kernel's documents are on our side: operations 35 and 36 of NFS 4.0 set a client's identity (RFC 7530), a
# fraction of bcache's sizes is decimal and its times are microseconds, `rw` of XFS has writes first.
WRONG = re.compile(r"node_(bcache_.*|xfs_(read|write)_calls_total|nfsd_requests_total)")
LABELS_BY_VERSION = {"device_error", "rotational"}
# Not among the kernel's subjects: read beside them; from a folder that a setting names; by Debian's build only, and
# when a setting says so, because it asks another process.
BESIDE = {"mdadm", "textfile", "systemd"}
OF_BESIDE = {"node_textfile_scrape_error"}
DEVICE_BY_VERSION = "zram"  # newer ones leave compressed swap out, too: no disk is behind it
# What stands still between two readings must have the same value.
STEADY = re.compile(
    r"node_(boot_time_seconds|memory_MemTotal_bytes|filesystem_(size_bytes|files|readonly|device_error)|filefd_maximum"
    r"|network_(?!receive|transmit).*|scrape_collector_success|timex_(tick|tai|status|sync).*|nf_conntrack_entries_limit"
    r"|entropy_pool_size_bits|selinux_enabled|thermal_zone_temp|uname_info|os_.*|time_clocksource.*|time_zone.*|disk_info|memory_HugePages_Total|memory_SwapTotal_bytes)"
)


def series(text: str) -> Page:
    """Values by name and labels."""
    page = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            known = {(name, value) for name, value in sample.labels.items() if value}
            labels = frozenset(pair for pair in known if pair[0] not in LABELS_BY_VERSION)
            newer = BY_VERSION.match(sample.name) or sample.labels.get("collector") in COLLECTORS_BY_VERSION
            newer = newer or (sample.name, sample.labels.get("state")) == ("node_zfs_zpool_state", "suspended")
            if not THEIR_OWN.match(sample.name) and not newer:
                page[sample.name, labels] = sample.value
    return page


def types(text: str) -> dict[str, str]:
    lines = (line.split() for line in text.splitlines() if line.startswith("# TYPE "))
    return {name: kind for _, _, name, kind in lines if not THEIR_OWN.match(name) and not BY_VERSION.match(name)}


def options(names: Iterable[str]) -> list[str]:
    return collector_options(require_program(PROGRAM, PROGRAM), names)


@contextlib.contextmanager
def node_exporter(*arguments: str) -> Iterator[str]:
    """The text of one scrape of a node_exporter with our exclusions."""
    command: list[str | Path] = [
        require_program(PROGRAM, PROGRAM),
        "--web.disable-exporter-metrics",
        "--collector.disable-defaults",
        f"--collector.filesystem.mount-points-exclude={EXCLUDE_POINTS}",
        f"--collector.filesystem.fs-types-exclude={EXCLUDE_TYPES}",
        f"--collector.diskstats.device-exclude={EXCLUDE_DISKS}",
        "--collector.netdev.device-exclude=^$",  # Debian leaves the loopback out, its authors do not
        "--collector.netclass.ignore-invalid-speed",  # a speed of -125000 helps nobody
        *arguments,
    ]
    with scraped(command) as text:
        yield text


@contextlib.contextmanager
def scraped(command: list[str | Path]) -> Iterator[str]:
    """The text of one scrape of a program that is started with these options and a port."""
    port = free_port()
    process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: accepts(port), "node_exporter listens", process=process)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            yield answer.read().decode()
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def theirs() -> Iterator[str]:
    with node_exporter(*options(COLLECTORS)) as text:
        yield text


@pytest.fixture
async def ours() -> str:
    return expose(await HostProbe().collect())


def test_both_have_the_same_series(ours: str, theirs: str) -> None:
    mine, other = series(ours), series(theirs)
    assert sorted(other.keys() - mine.keys(), key=str) == [], "node_exporter has these, we do not"
    assert sorted(mine.keys() - other.keys(), key=str) == [], "we have these, node_exporter does not"
    assert len(mine) > 100


async def test_both_have_the_same_series_of_subjects_on_demand() -> None:
    compared = {name: made for name, made in BY_SWITCH.items() if name not in {"container", "mountstats", "softirqs"}}
    with node_exporter(*options(compared)) as text:
        other = series(text)
    mine = series(expose(await HostProbe(collectors=compared).collect()))
    # Which states processes and connections are in, and which caches there are, changes from one moment to the next.
    passing = re.compile(r"node_(processes_(threads_)?state|tcp_connection_states|slabinfo_.*|interrupts_total)")
    assert {key for key in mine.keys() ^ other.keys() if not passing.fullmatch(key[0])} == set()
    assert {key[0] for key in mine} == {key[0] for key in other}


async def test_what_it_tells_without_any_option_is_told_by_an_agent_without_any_setting(tmp_path: Path) -> None:
    program = require_program(PROGRAM, PROGRAM)
    assert collectors_by_default(program) - COLLECTORS.keys() - BESIDE == set()
    with scraped([program, "--collector.netclass.ignore-invalid-speed"]) as text:  # -125000 helps nobody
        other = series(text)
    mine = series(expose(await host_probe(HostConfig(), tmp_path, SystemClock()).collect()))
    lacking = [(name, dict(labels)) for name, labels in other.keys() - mine.keys()]
    lacking = [(name, of) for name, of in lacking if not of.get("device", "").startswith(DEVICE_BY_VERSION)]
    assert [(name, of) for name, of in lacking if of.get("collector") not in BESIDE and name not in OF_BESIDE] == []
    assert len(other) > 100


def test_both_have_the_same_types(ours: str, theirs: str) -> None:
    assert types(ours) == types(theirs)


def test_what_stands_still_has_the_same_value(ours: str, theirs: str) -> None:
    mine, other = series(ours), series(theirs)
    steady = {key: value for key, value in other.items() if STEADY.fullmatch(key[0])}
    assert len(steady) > 12
    assert {key: mine[key] for key in steady} == steady


def test_what_moves_is_in_the_same_unit(ours: str, theirs: str) -> None:
    mine, other = series(ours), series(theirs)
    counters = {name for name, kind in types(theirs).items() if kind == "counter"}
    large = {key: value for key, value in other.items() if key[0] in counters and value > 1000}
    assert large
    for key, value in large.items():
        assert mine[key] == pytest.approx(value, rel=0.5), key


async def test_of_a_captured_host_both_have_the_same_values(root: Path, clock: ManualClock) -> None:
    equip(root)
    heat(root, 0, package=0, core=0, of_core=7, of_package=9)
    (root / "run/udev/data").mkdir(parents=True)
    (root / "run/udev/data/b254:0").write_text(UDEV)
    # Not those that ask the running kernel wherever the files are.
    running = {"filesystem", "netdev", "os", "time", "timex", "uname"}
    read = {name: made for name, made in COLLECTORS.items() if name not in running}
    mine = series(expose(await HostProbe(root, clock, read).collect()))
    with node_exporter(
        f"--path.procfs={root}/proc",
        f"--path.sysfs={root}/sys",
        f"--path.udev.data={root}/run/udev/data",
        *options(read),
    ) as text:
        other = series(text)
    for page in (mine, other):
        for key in [key for key in page if key[0] == "node_scrape_collector_duration_seconds"]:
            del page[key]
    assert sorted(mine.keys() ^ other.keys(), key=str) == []
    exact = {key for key in mine if not WRONG.fullmatch(key[0])}
    assert {key: mine[key] for key in exact} == pytest.approx({key: other[key] for key in exact}, rel=1e-12)
    assert len(exact) > 500
    for key in mine.keys() - exact:
        if key[0].startswith("node_bcache") and key[0].endswith("_bytes"):
            assert mine[key] == pytest.approx(other[key], rel=0.01), key
