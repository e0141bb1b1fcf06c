"""Version 1: no GETBULK, no Counter64, and an object that is not there fails the GET it was asked in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.probes.snmp import SnmpProbe
from agent.snmp.client import Rows, open_session
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.target import Budget, Target
from core.clock import ManualClock
from tests.servers import bad_device, ber
from tests.servers.bad_device import BadDevice, Behaviour
from tests.servers.device import Device
from tests.servers.snmpd import SYS_NAME, Snmpd
from tests.servers.switch import switch_mib

UP_TIME = "1.3.6.1.2.1.1.3.0"
COLUMN = "1.3.6.1.2.1.2.2.1.10"


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    server = Snmpd(tmp_path_factory.mktemp("snmpd"))
    server.start()
    yield server
    server.stop()


def target(port: int, *, community: str = "public", timeout_seconds: float = 5) -> Target:
    return Target("127.0.0.1", port, community, version="1", timeout_seconds=timeout_seconds, retries=0)


async def test_real_snmpd_is_read_but_for_its_64_bit_counters(snmpd: Snmpd, clock: ManualClock) -> None:
    plain = await SnmpProbe(Target("127.0.0.1", snmpd.port, timeout_seconds=5), clock).collect()
    old = await SnmpProbe(target(snmpd.port), clock).collect()
    missing = {sample.name for sample in plain} - {sample.name for sample in old}
    assert missing, "the loopback interface has them"
    assert {name for name in missing if not name.startswith("ifHC")} == set()


async def test_simulated_switch_is_polled_again_and_again(clock: ManualClock) -> None:
    with Device(switch_mib(), version=0) as device:
        probe = SnmpProbe(target(device.port), clock)
        first = {sample.series for sample in await probe.collect()}
        assert {sample.series for sample in await probe.collect()} == first
    assert any(series.family.name == "ifInOctets" for series in first)


async def test_object_that_is_not_there_costs_itself_only(snmpd: Snmpd) -> None:
    names = ["1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.99.0", "1.3.6.1.2.1.1.98.0", "1.3.6.1.2.1.1.6.0"]
    async with open_session(target(snmpd.port)) as session:
        rows = await session.get(names)
    assert rows.keys() == {UP_TIME, names[0], names[3]}
    assert rows[names[0]] == SYS_NAME.encode()


async def test_many_objects_that_are_not_there_cost_themselves_only() -> None:
    there = {f"{COLUMN}.{index}": ber.counter32(index) for index in range(1, 50, 2)}
    with Device({UP_TIME: ber.ticks(1)} | there, version=0) as device:
        async with open_session(target(device.port)) as session:
            rows = await session.get([f"{COLUMN}.{index}" for index in range(1, 50)])
    assert rows.keys() == {UP_TIME, *there}


async def test_walk_takes_the_last_object_of_the_device_too() -> None:
    column = {f"{COLUMN}.{index}": ber.counter32(index) for index in range(1, 6)}
    with Device(column, version=0) as device:
        rows: Rows = {}
        async with open_session(target(device.port)) as session:
            await session.walk(COLUMN, rows)
        assert rows == {f"{COLUMN}.{index}": index for index in range(1, 6)}
        assert {request.pdu for request in device.requests} == {ber.GET_NEXT}


async def test_too_big_an_answer_is_asked_for_in_parts() -> None:
    oids = [f"{COLUMN}.{index}" for index in range(1, 33)]
    with Device({UP_TIME: ber.ticks(1)} | {oid: ber.counter32(5) for oid in oids}, version=0) as device:
        device.most_bindings = 6
        async with open_session(target(device.port)) as session:
            assert set(await session.get(oids)) == {UP_TIME, *oids}


async def test_walk_without_end_ends_with_the_budget() -> None:
    with Device({f"{COLUMN}.{index}": ber.integer(1) for index in range(1, 200)}, version=0) as device:
        rows: Rows = {}
        with pytest.raises(SnmpError, match="more than 20 objects in one walk") as raised:
            async with open_session(target(device.port), Budget(walk_varbinds=20)) as session:
                await session.walk(COLUMN, rows)
    assert raised.value.reason is SnmpFailure.BUDGET
    assert len(rows) == 21


def of_version_2c(request: ber.Request) -> list[bytes]:
    return [ber.response(request, [(name, ber.integer(1)) for name in request.oids], version=1)]


@pytest.mark.parametrize(
    ("behaviour", "reason", "why"),
    [
        (bad_device.never, SnmpFailure.TIMEOUT, "silence is all there is"),
        (bad_device.wrong_request_id, SnmpFailure.TIMEOUT, "an answer to another question is no answer"),
        (bad_device.wrong_community, SnmpFailure.TIMEOUT, "an answer under another community is not the device's"),
        (of_version_2c, SnmpFailure.TIMEOUT, "nor is one of another version"),
        (bad_device.garbage, SnmpFailure.MALFORMED, "octets that are no BER"),
        (bad_device.empty, SnmpFailure.MALFORMED, "a datagram without content"),
        (bad_device.truncated, SnmpFailure.MALFORMED, "BER that ends too early"),
        (bad_device.lying_length, SnmpFailure.MALFORMED, "a length of 2 GB in a small datagram"),
        (bad_device.short_value, SnmpFailure.MALFORMED, "a value longer than its message"),
        (bad_device.cut_in_its_length, SnmpFailure.MALFORMED, "two octets of length announced, none there"),
    ],
)
async def test_get_from_a_bad_device_fails_with_its_reason(behaviour: Behaviour, reason: SnmpFailure, why: str) -> None:
    with BadDevice(behaviour) as device, pytest.raises(SnmpError) as raised:
        async with open_session(target(device.port, timeout_seconds=0.1)) as session:
            await session.get([UP_TIME])
    assert raised.value.reason is reason, why


@pytest.mark.parametrize(
    ("behaviour", "rows", "why"),
    [
        (bad_device.same_for_ever, 1, "the same row is every answer"),
        (bad_device.in_a_circle, 3, "rows 1, 2, 3 and then 1 again"),
        (bad_device.downwards, 2, "no row twice, but the wrong way"),
    ],
)
async def test_walk_that_does_not_move_on_ends_and_keeps_what_came(behaviour: Behaviour, rows: int, why: str) -> None:
    found: Rows = {}
    with BadDevice(behaviour) as device, pytest.raises(SnmpError) as raised:
        async with open_session(target(device.port)) as session:
            await session.walk(COLUMN, found)
    assert raised.value.reason is SnmpFailure.LOOP
    assert len(found) == rows, why
