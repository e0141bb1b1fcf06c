"""The probe against net-snmp's snmpd with this machine's own interfaces."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent.probes.snmp import SnmpProbe
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.target import Target
from core.clock import ManualClock
from tests.servers.snmpd import SYS_CONTACT, SYS_LOCATION, SYS_NAME, Snmpd


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    server = Snmpd(tmp_path_factory.mktemp("snmpd"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def probe(snmpd: Snmpd, clock: ManualClock) -> SnmpProbe:
    return SnmpProbe(Target("127.0.0.1", snmpd.port, timeout_seconds=5), clock)


async def test_loopback_interface_is_reported_as_the_kernel_counts_it(probe: SnmpProbe) -> None:
    await probe.collect()
    before = psutil.net_io_counters(pernic=True, nowrap=False)["lo"].bytes_recv
    samples = {(sample.name, dict(sample.labels).get("ifName")): sample.value for sample in await probe.collect()}
    after = psutil.net_io_counters(pernic=True, nowrap=False)["lo"].bytes_recv
    assert samples["ifOperStatus", "lo"] == 1
    assert samples["ifMtu", "lo"] == psutil.net_if_stats()["lo"].mtu
    # snmpd keeps what it read from the kernel for some seconds, so the second poll may show the first's value.
    assert 0 < samples["ifHCInOctets", "lo"] <= after
    assert samples["ifInOctets", "lo"] == samples["ifHCInOctets", "lo"] % 2**32
    assert before <= after


async def test_every_interface_of_the_machine_is_there(probe: SnmpProbe) -> None:
    names = {dict(sample.labels)["ifName"] for sample in await probe.collect() if sample.name == "ifAdminStatus"}
    assert names == {name for _, name in socket.if_nameindex()}


async def test_facts_say_who_the_device_is(probe: SnmpProbe, snmpd: Snmpd) -> None:
    facts = await probe.facts()
    assert (facts.name, facts.fqdn, facts.location, facts.contact) == (SYS_NAME, SYS_NAME, SYS_LOCATION, SYS_CONTACT)
    assert facts.management_address == f"127.0.0.1:{snmpd.port}"
    assert facts.sys_object_id is not None
    assert facts.sys_object_id.startswith("1.3.6.1.4.1.8072.3.2."), "net-snmp's own identification"
    loopback = next(interface for interface in facts.interfaces if interface.name == "lo")
    assert loopback.type == "softwareLoopback"
    assert loopback.oper_up is True
    assert "127.0.0.1" in loopback.addresses
    assert "127.0.0.1" not in facts.addresses


async def test_stopped_and_started_again(tmp_path: Path, clock: ManualClock) -> None:
    server = Snmpd(tmp_path)
    server.start()
    try:
        probe = SnmpProbe(Target("127.0.0.1", server.port, timeout_seconds=5), clock)
        first = {sample.series for sample in await probe.collect()}
        server.stop()
        with pytest.raises(SnmpError) as raised:
            await probe.collect()
        assert raised.value.reason is SnmpFailure.UNREACHABLE
        server.start()
        assert {sample.series for sample in await probe.collect()} == first
    finally:
        server.stop()


async def test_wrong_community_is_a_timeout(snmpd: Snmpd, clock: ManualClock) -> None:
    target = Target("127.0.0.1", snmpd.port, "private", timeout_seconds=0.2, retries=0)
    with pytest.raises(SnmpError) as raised:
        await SnmpProbe(target, clock).collect()
    assert raised.value.reason is SnmpFailure.TIMEOUT
