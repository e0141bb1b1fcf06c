"""Devices that answer little at a time, or answer oddly: they get smaller requests, and what they say is kept."""

from __future__ import annotations

import pytest

from agent.snmp.client import Rows, open_session
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.known import REPETITIONS, Known
from agent.snmp.target import Budget, Target
from tests.servers import bad_device, ber
from tests.servers.bad_device import BadDevice, Behaviour, Impostor

COLUMN = "1.3.6.1.2.1.2.2.1.10"
UP_TIME = "1.3.6.1.2.1.1.3.0"
TEN = {f"{COLUMN}.{row}": row for row in range(1, 11)}


def target(port: int, version: str = "2c", timeout_seconds: float = 5, retries: int = 0) -> Target:
    return Target("127.0.0.1", port, version=version, timeout_seconds=timeout_seconds, retries=retries)


async def walk(device: Target, known: Known | None = None, budget: Budget | None = None) -> Rows:
    rows: Rows = {}
    async with open_session(device, budget, known) as session:
        await session.walk(COLUMN, rows)
    return rows


async def test_device_that_finds_many_rows_too_big_is_asked_for_fewer() -> None:
    with BadDevice(bad_device.too_big_for_many) as device:
        assert await walk(target(device.port)) == TEN


async def test_device_that_is_silent_to_many_rows_is_asked_for_fewer_from_then_on() -> None:
    known = Known()
    with BadDevice(bad_device.silent_to_many) as device:
        weak = target(device.port, timeout_seconds=0.2)
        assert await walk(weak, known) == TEN
        assert known.repetitions < 5 < REPETITIONS
        asked = len(device.requests)
        assert await walk(weak, known) == TEN
        assert all(request.max_repetitions < 5 for request in device.requests[asked:])


async def test_device_that_is_silent_to_many_objects_is_asked_for_fewer_from_then_on() -> None:
    known = Known()
    oids = [f"{COLUMN}.{row}" for row in range(1, 41)]
    with BadDevice(bad_device.silent_to_many) as device:
        weak = target(device.port, timeout_seconds=0.2)
        async with open_session(weak, known=known) as session:
            assert set(oids) <= set(await session.get(oids))
        assert known.get_oids <= 12
        asked = len(device.requests)
        async with open_session(weak, known=known) as session:
            await session.get(oids)
        assert all(len(request.oids) <= 12 for request in device.requests[asked:])


async def test_sizes_are_tried_anew_when_they_are_forgotten() -> None:
    known = Known(get_oids=9, repetitions=1)
    known.forget_sizes()
    assert (known.get_oids, known.repetitions) == (Known().get_oids, REPETITIONS)


async def test_device_that_dies_during_a_walk_costs_one_more_question_and_no_more() -> None:
    with BadDevice(bad_device.in_turn(bad_device.without_end, bad_device.never)) as device:
        with pytest.raises(SnmpError) as raised:
            await walk(target(device.port, timeout_seconds=0.1))
        assert raised.value.reason is SnmpFailure.TIMEOUT
        assert len(device.requests) == 3, "rows, silence, and whether it is there at all"


@pytest.mark.parametrize("version", ["1", "2c"])
@pytest.mark.parametrize(
    ("behaviour", "reason", "why"),
    [
        (bad_device.of_unknown_type, SnmpFailure.MALFORMED, "a value of no type of SNMP"),
        (bad_device.in_a_circle, SnmpFailure.LOOP, "rows 1, 2, 3 and then 1 again"),
        (bad_device.downwards, SnmpFailure.LOOP, "no row twice, but the wrong way"),
    ],
)
async def test_walk_ends_with_its_reason(version: str, behaviour: Behaviour, reason: SnmpFailure, why: str) -> None:
    with BadDevice(behaviour) as device, pytest.raises(SnmpError) as raised:
        await walk(target(device.port, version))
    assert raised.value.reason is reason, why


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_answers_from_elsewhere_are_none(version: str) -> None:
    with Impostor() as device, pytest.raises(SnmpError) as raised:
        await walk(target(device.port, version, timeout_seconds=0.1))
    assert raised.value.reason is SnmpFailure.TIMEOUT


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_answers_that_come_again_are_taken_once(version: str) -> None:
    with BadDevice(bad_device.late_twins()) as device:
        assert await walk(target(device.port, version)) == TEN


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_values_of_a_wrong_type_are_handed_on_as_they_are(version: str) -> None:
    with BadDevice(bad_device.of_wrong_types) as device:
        async with open_session(target(device.port, version)) as session:
            assert await session.get([UP_TIME]) == {UP_TIME: b"\xff\x00"}


async def test_answer_of_60_kilobytes_is_read_in_version_1_and_malformed_in_2c() -> None:
    with BadDevice(bad_device.oversized) as device:
        async with open_session(target(device.port, "1")) as session:
            assert len((await session.get([UP_TIME]))[UP_TIME]) == 30_000  # type: ignore[arg-type]
        with pytest.raises(SnmpError) as raised:
            async with open_session(target(device.port)) as session:
                await session.get([UP_TIME])
    assert raised.value.reason is SnmpFailure.MALFORMED, "gufo-snmp's buffer holds 4 KB"


async def test_walk_ends_with_its_own_budget_of_objects_and_keeps_them() -> None:
    rows: Rows = {}
    with BadDevice(bad_device.without_end) as device:
        async with open_session(target(device.port), Budget(walk_varbinds=100)) as session:
            with pytest.raises(SnmpError, match="more than 100 objects in one walk") as raised:
                await session.walk(COLUMN, rows)
            assert raised.value.reason is SnmpFailure.BUDGET
            assert 100 < len(rows) <= 100 + REPETITIONS
            assert await session.get([UP_TIME]), "the poll goes on"


async def test_walk_ends_with_its_own_budget_of_time_and_keeps_what_came() -> None:
    first = bad_device.in_turn(bad_device.without_end, bad_device.never)
    rows: Rows = {}
    with BadDevice(first) as device:
        async with open_session(target(device.port), Budget(walk_seconds=0.2)) as session:
            with pytest.raises(SnmpError, match=r"the walk took more than 0\.2 s") as raised:
                await session.walk(COLUMN, rows)
    assert raised.value.reason is SnmpFailure.BUDGET
    assert len(rows) == REPETITIONS


def test_a_walk_may_take_60_seconds_and_50_000_objects_and_a_poll_twice_as_many_objects() -> None:
    usual = Budget()
    assert (usual.walk_seconds, usual.walk_varbinds, usual.varbinds) == (60, 50_000, 100_000)


@pytest.mark.parametrize("seed", range(2))
async def test_no_mutation_of_an_answer_of_version_1_gets_out_as_anything_but_an_snmp_error(seed: int) -> None:
    with BadDevice(bad_device.mutations(seed)) as device:
        outcomes: set[object] = set()
        for _ in range(60):
            async with open_session(target(device.port, "1", timeout_seconds=0.02), Budget(varbinds=50)) as session:
                try:
                    outcomes.add(len(await session.get([UP_TIME, COLUMN])))
                except SnmpError as error:
                    outcomes.add(error.reason)
    assert {SnmpFailure.MALFORMED, SnmpFailure.TIMEOUT} <= outcomes


def test_bad_answers_are_what_they_say() -> None:
    request = ber.Request(b"public", ber.GET_BULK, 1, 0, 44, [ber.parse_oid(COLUMN)])
    assert len(bad_device.oversized(request)[0]) > 60_000
    assert bad_device.silent_to_many(request) == []
