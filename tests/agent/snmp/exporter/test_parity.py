"""One device through snmp_exporter, and through the agent with the profile that was made of its module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from agent.probes.snmp import SnmpProbe
from agent.sample import Sample
from agent.snmp.profiles.library import Library
from agent.snmp.profiles.reading import Chooser
from agent.snmp.target import Target
from core.clock import ManualClock
from core.labels import Labels, labels
from forewatch.cli import main
from tests.agent.snmp.exporter.example import example_mib
from tests.servers.device import Device
from tests.servers.recording import Recording, lines, parse
from tests.servers.snmp_exporter import SnmpExporter
from tests.servers.snmp_generator import generate
from tests.servers.snmpd import Snmpd
from tests.servers.switch import switch_mib

HERE = Path(__file__).parent
MODULES: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "modules.yml").read_text())
# Gauges that differ between two polls; some go up and down.
MOVING = re.compile("(sysUpTime|hrSystemUptime|hrSystemDate|hrMemorySize)$")
# How the exporter fared, a DisplayString of Debian's snmpd that is longer than one may be, and the time as a label.
LEFT_OUT = re.compile("snmp_scrape_|versionConfigureOptions$|versionCDate$")
# Gauges of the machine's load; of its cached memory snmpd gives the size anew each time.
RESTLESS = re.compile("((mem|ss|la|dsk|pr|diskIO|disk)[A-Z]|hrStorageSize$)")

Values = dict[tuple[str, Labels], float]
Types = dict[str, str]


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnmpExporter]:
    generated = generate(tmp_path_factory.mktemp("generator"), HERE / "generator.yml", HERE / "mibs")
    server = SnmpExporter(tmp_path_factory.mktemp("snmp_exporter"), MODULES | generated)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def profiles(exporter: SnmpExporter, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """What the command makes of the exporter's own file."""
    folder = tmp_path_factory.mktemp("profiles")
    assert main(["agent", "import-snmp", str(exporter.config), "--out", str(folder)]) == 0
    return Library([folder])


def theirs(text: str) -> tuple[Values, Types]:
    """Values by series without empty labels, and the type of each family."""
    families = [one for one in text_string_to_metric_families(text) if not LEFT_OUT.match(one.name)]
    values = {
        (of.name.removesuffix("_total"), labels(of.labels)): of.value for family in families for of in family.samples
    }
    return values, {family.name: family.type for family in families}


def ours(samples: list[Sample], names: set[str]) -> tuple[Values, Types]:
    """The same of our samples, but for what the agent reads of every device and the module does not name."""
    kept = [sample for sample in samples if sample.name in names and not LEFT_OUT.match(sample.name)]
    return {(one.name, one.labels): one.value for one in kept}, {one.name: one.family.type for one in kept}


async def agree(module: str, port: int, exporter: SnmpExporter, profiles: Library, clock: ManualClock) -> Values:
    probe = SnmpProbe(Target("127.0.0.1", port, timeout_seconds=5), clock, None, Chooser(profiles, module))
    names = _names(exporter, module)
    before, types = ours(list(await probe.collect()), names)
    middle, their_types = theirs(exporter.poll(port, module=module))
    after, _ = ours(list(await probe.collect()), names)
    assert before.keys() == middle.keys() == after.keys()
    assert types == their_types
    for series, value in middle.items():
        if RESTLESS.match(series[0]):
            continue
        moving = types[series[0]] == "counter" or MOVING.match(series[0])
        low, high = (before[series], after[series]) if moving else (value, value)
        assert low <= value <= high, series
        assert moving or before[series] == value, series
    return middle


def _names(exporter: SnmpExporter, module: str) -> set[str]:
    """Every name that the module's metrics may have."""
    document = yaml.safe_load(exporter.config.read_text())
    metrics = document.get("modules", document)[module]["metrics"]
    suffixes = [(one["name"], ("", "_info", *one.get("regex_extracts", {}))) for one in metrics]
    return {f"{name}{suffix}" for name, endings in suffixes for suffix in endings}


@pytest.mark.parametrize("high_capacity", [True, False])
async def test_a_switch_has_the_same_series_by_if_mib(
    exporter: SnmpExporter, profiles: Library, clock: ManualClock, high_capacity: bool
) -> None:
    with Device(switch_mib(interfaces=24, high_capacity=high_capacity)) as device:
        assert len(await agree("if_mib", device.port, exporter, profiles, clock)) > 24 * 10


@pytest.mark.parametrize("module", ["if_mib", "host_resources"])
async def test_snmpd_has_the_same_series(
    tmp_path: Path, exporter: SnmpExporter, profiles: Library, clock: ManualClock, module: str
) -> None:
    snmpd = Snmpd(tmp_path)
    snmpd.start()
    try:
        assert len(await agree(module, snmpd.port, exporter, profiles, clock)) > 10
    finally:
        snmpd.stop()


async def test_snmpd_has_the_same_series_by_a_module_that_was_really_generated(
    tmp_path: Path, exporter: SnmpExporter, profiles: Library, clock: ManualClock
) -> None:
    snmpd = Snmpd(tmp_path, settings="load 12 14 14\ndisk / 10%\nproc init 2 1\nexec greeting /bin/echo hello")
    snmpd.start()
    try:
        found = await agree("ucd", snmpd.port, exporter, profiles, clock)
    finally:
        snmpd.stop()
    names = {name for name, _ in found}
    assert len(names) > 80
    assert names > {"memTotalReal", "laLoad", "laConfigValue", "laErrorFlag", "dskErrorFlag_info", "extOutput"}


@pytest.mark.parametrize("recorded", ["network/switch/hpe-procurve-516733-b21", "network/switch/h3c-e528-1"])
async def test_a_recorded_switch_has_the_same_series_by_lldp(
    exporter: SnmpExporter, profiles: Library, clock: ManualClock, recorded: str
) -> None:
    with Recording(parse(lines(recorded))) as device:
        found = await agree("lldp", device.port, exporter, profiles, clock)
    assert {name for name, _ in found} > {"lldpRemPortId"}


async def test_every_type_of_metric_index_and_lookup_gives_the_same_series(
    exporter: SnmpExporter, profiles: Library, clock: ManualClock
) -> None:
    with Device(switch_mib(1) | example_mib()) as device:
        found = await agree("example", device.port, exporter, profiles, clock)
    named = {metric["name"] for metric in MODULES["example"]["metrics"]} - {"exMissing", "exLoad", "exUnitState"}
    extracted = {"exLoadPercent", "exLoadGood", "exLoadNamed", "exUnitState_info"}
    assert {name for name, _ in found} == named | extracted, "the test reads what it says"
