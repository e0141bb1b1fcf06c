"""The same device through snmp_exporter and through our probe: names, labels, types and values must agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.probes.snmp import SnmpProbe
from agent.sample import Sample
from agent.snmp.target import Target
from core.clock import ManualClock
from core.labels import Labels, labels
from tests.servers.device import Device
from tests.servers.snmp_exporter import SnmpExporter
from tests.servers.snmpd import Snmpd
from tests.servers.switch import switch_mib

THEIRS_ONLY = {
    "ifIndex": "says nothing that its label does not say",
    "ifInNUcastPkts": "deprecated since RFC 2233: multicast and broadcast have counters of their own",
    "ifOutNUcastPkts": "the same",
    "ifOutQLen": "deprecated since RFC 2233",
    "snmp_scrape_duration_seconds": "the runner's scrape_duration_seconds",
    "snmp_scrape_walk_duration_seconds": "the same",
    "snmp_scrape_pdus_returned": "of the exporter",
    "snmp_scrape_packets_sent": "of the exporter",
    "snmp_scrape_packets_retried": "of the exporter",
}
OURS_ONLY = {
    "sysDescr": "snmp_exporter has it in a module of its own",
    "sysObjectID": "the same",
    "sysContact": "the same",
    "sysName": "the same",
    "sysLocation": "the same",
    "forewatch_snmp_walk_errors_total": "of the agent",
}
MOVING = {"sysUpTime"}  # gauges that differ between two polls

Values = dict[tuple[str, Labels], float]


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnmpExporter]:
    server = SnmpExporter(tmp_path_factory.mktemp("snmp_exporter"))
    server.start()
    yield server
    server.stop()


def theirs(text: str) -> tuple[Values, dict[str, str]]:
    """Values by series without empty labels, and the type of each family."""
    families = [family for family in text_string_to_metric_families(text) if family.name not in THEIRS_ONLY]
    # The parser adds OpenMetrics' _total to counters; no counter of IF-MIB has it.
    values = {
        (of.name.removesuffix("_total"), labels(of.labels)): of.value for family in families for of in family.samples
    }
    return values, {family.name: family.type for family in families}


def ours(samples: list[Sample]) -> tuple[Values, dict[str, str]]:
    kept = [sample for sample in samples if sample.name not in OURS_ONLY]
    values = {(sample.name, sample.labels): sample.value for sample in kept}
    return values, {sample.name: sample.family.type for sample in kept}


async def agree(port: int, exporter: SnmpExporter, clock: ManualClock) -> None:
    probe = SnmpProbe(Target("127.0.0.1", port, timeout_seconds=5), clock)
    before, types = ours(list(await probe.collect()))
    middle, their_types = theirs(exporter.poll(port))
    after, _ = ours(list(await probe.collect()))
    assert before.keys() == middle.keys() == after.keys()
    assert types == their_types
    for series, value in middle.items():
        counts = types[series[0]] == "counter" or series[0] in MOVING
        low, high = (before[series], after[series]) if counts else (value, value)
        assert low <= value <= high, series
        assert counts or before[series] == value, series


async def test_snmpd_gives_the_same_series_and_values(
    tmp_path: Path, exporter: SnmpExporter, clock: ManualClock
) -> None:
    snmpd = Snmpd(tmp_path)
    snmpd.start()
    try:
        await agree(snmpd.port, exporter, clock)
    finally:
        snmpd.stop()


@pytest.mark.parametrize("high_capacity", [True, False])
async def test_switch_gives_the_same_series_and_values(
    exporter: SnmpExporter, clock: ManualClock, high_capacity: bool
) -> None:
    with Device(switch_mib(interfaces=48, high_capacity=high_capacity)) as device:
        await agree(device.port, exporter, clock)
