"""Devices as they should not be: each costs a bounded time and ends in a named reason."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

import pytest
import uvloop

from agent.snmp.client import Rows, Session
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.target import Budget, Target
from agent.snmp.user import User
from tests.servers import bad_device, ber
from tests.servers.bad_device import BadDevice, Behaviour
from tests.servers.device import Device, Responder
from tests.servers.ports import free_port

COLUMN = "1.3.6.1.2.1.2.2.1.10"
UP_TIME = "1.3.6.1.2.1.1.3.0"


def target(port: int, *, timeout_seconds: float = 5, retries: int = 1, community: str = "public") -> Target:
    return Target("127.0.0.1", port, community, timeout_seconds=timeout_seconds, retries=retries)


async def get(port: int, *oids: str, timeout_seconds: float = 5) -> Rows:
    async with Session(target(port, timeout_seconds=timeout_seconds), Budget()) as session:
        return await session.get(oids)


async def walk(
    device: Responder, *, budget: Budget | None = None, rows: Rows | None = None, timeout_seconds: float = 5
) -> Rows:
    found: Rows = {} if rows is None else rows
    async with Session(target(device.port, timeout_seconds=timeout_seconds), budget or Budget()) as session:
        await session.walk(COLUMN, found)
    return found


@pytest.mark.parametrize(
    ("behaviour", "reason", "why"),
    [
        (bad_device.never, SnmpFailure.TIMEOUT, "silence is all there is"),
        (bad_device.wrong_request_id, SnmpFailure.TIMEOUT, "an answer to another question is no answer"),
        (bad_device.wrong_community, SnmpFailure.TIMEOUT, "an answer under another community is not the device's"),
        (bad_device.garbage, SnmpFailure.MALFORMED, "octets that are no BER"),
        (bad_device.empty, SnmpFailure.MALFORMED, "a datagram without content"),
        (bad_device.truncated, SnmpFailure.MALFORMED, "BER that ends too early"),
        (bad_device.lying_length, SnmpFailure.MALFORMED, "a length of 2 GB in a small datagram"),
        (bad_device.short_value, SnmpFailure.MALFORMED, "a value longer than its message"),
        (bad_device.cut_in_its_length, SnmpFailure.MALFORMED, "a panic of the decoder is no end of the agent"),
    ],
)
async def test_get_from_a_bad_device_fails_with_its_reason(behaviour: Behaviour, reason: SnmpFailure, why: str) -> None:
    with BadDevice(behaviour) as device, pytest.raises(SnmpError) as raised:
        await get(device.port, UP_TIME, timeout_seconds=0.1 if reason is SnmpFailure.TIMEOUT else 5)
    assert raised.value.reason is reason, why
    assert "127.0.0.1" in str(raised.value)


@pytest.mark.parametrize(
    ("behaviour", "reason", "rows", "why"),
    [
        (bad_device.never, SnmpFailure.TIMEOUT, 0, "silence"),
        (bad_device.truncated, SnmpFailure.MALFORMED, 0, "no answer can be decoded"),
        (bad_device.same_for_ever, SnmpFailure.LOOP, 1, "the same row fills every answer"),
        (bad_device.in_a_circle, SnmpFailure.LOOP, 3, "rows 1, 2, 3 and then 1 again"),
        (bad_device.downwards, SnmpFailure.LOOP, 2, "no row twice, but the wrong way"),
        (bad_device.without_end, SnmpFailure.BUDGET, 528, "ever more rows end with the budget of 500"),
        (bad_device.in_turn(bad_device.without_end, bad_device.never), SnmpFailure.TIMEOUT, 44, "it dies on the way"),
    ],
)
async def test_walk_of_a_bad_device_keeps_what_came_and_names_the_reason(
    behaviour: Behaviour, reason: SnmpFailure, rows: int, why: str
) -> None:
    found: Rows = {}
    timeout_seconds = 0.5 if reason is SnmpFailure.TIMEOUT else 5
    with BadDevice(behaviour) as device, pytest.raises(SnmpError) as raised:
        await walk(device, budget=Budget(varbinds=500), rows=found, timeout_seconds=timeout_seconds)
    assert raised.value.reason is reason, why
    assert len(found) == rows, why


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (bad_device.nothing_there, "every object is noSuchObject"),
        (bad_device.gen_err, "an error status without values"),
    ],
)
async def test_a_device_without_the_objects_is_no_error_of_the_exchange(behaviour: Behaviour, why: str) -> None:
    with BadDevice(behaviour) as device:
        assert await get(device.port, UP_TIME) == {}, why
        assert await walk(device) == {}, why


async def test_closed_port_is_unreachable_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(SnmpError) as raised:
        async with Session(target(free_port(), timeout_seconds=20), Budget()) as session:
            await session.get([UP_TIME])
    assert raised.value.reason is SnmpFailure.UNREACHABLE
    assert time.monotonic() - started < 10


async def test_name_that_does_not_resolve_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*arguments: object, **options: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)  # the name servers are not ours to ask
    with pytest.raises(SnmpError, match="does not resolve") as raised:
        async with Session(Target("core-9.example.net"), Budget()):
            pass
    assert raised.value.reason is SnmpFailure.UNREACHABLE


async def test_address_that_is_no_name_is_unreachable() -> None:
    with pytest.raises(SnmpError) as raised:
        async with Session(Target("a" * 70 + ".invalid"), Budget()):
            pass
    assert raised.value.reason is SnmpFailure.UNREACHABLE


async def test_name_is_resolved_where_it_can_be() -> None:
    with Device({UP_TIME: ber.ticks(7)}) as device:
        async with Session(Target("localhost", device.port, timeout_seconds=2), Budget()) as session:
            assert await session.get([UP_TIME]) == {UP_TIME: 7}


async def test_device_is_asked_over_ipv6_too() -> None:
    try:
        device = Device({UP_TIME: ber.ticks(7)}, address="::1")
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    with device:
        async with Session(Target("::1", device.port), Budget()) as session:
            assert await session.get([UP_TIME]) == {UP_TIME: 7}


def test_session_answers_and_gives_up_in_uvloop_too() -> None:
    async def give_up(port: int) -> None:
        for _ in range(5):  # its timers have a resolution of milliseconds and may come early
            with pytest.raises(SnmpError) as raised:
                async with Session(target(port, timeout_seconds=0.0123, retries=0), Budget()) as session:
                    await asyncio.wait_for(session.get([UP_TIME]), 10)
            assert raised.value.reason is SnmpFailure.TIMEOUT

    with Device({UP_TIME: ber.ticks(7)}) as device:
        assert uvloop.run(get(device.port, UP_TIME)) == {UP_TIME: 7}
        device.silent = True
        uvloop.run(give_up(device.port))


async def test_wrong_community_is_silence_and_the_message_says_what_to_check() -> None:
    with Device({UP_TIME: ber.ticks(7)}) as device, pytest.raises(SnmpError, match="is the community right") as raised:
        async with Session(target(device.port, timeout_seconds=0.1, community="secret"), Budget()) as session:
            await session.get([UP_TIME])
    assert raised.value.reason is SnmpFailure.TIMEOUT
    assert "secret" not in str(raised.value)


def test_community_never_shows_in_a_repr() -> None:
    assert "secret" not in repr(target(161, community="secret"))


@pytest.mark.parametrize("bad", [bad_device.never, bad_device.garbage], ids=["lost", "garbled"])
async def test_one_bad_answer_costs_a_retry_and_no_more(bad: Behaviour) -> None:
    good: Behaviour = lambda request: [ber.response(request, [(ber.parse_oid(UP_TIME), ber.ticks(7))])]  # noqa: E731
    with BadDevice(bad_device.in_turn(bad, good)) as device:
        assert await get(device.port, UP_TIME, timeout_seconds=0.5) == {UP_TIME: 7}
        assert len(device.requests) == 2


async def test_dead_device_costs_its_own_time_and_nobody_elses() -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    with BadDevice(bad_device.never) as device:
        heart = asyncio.create_task(beat())
        started = time.monotonic()
        with pytest.raises(SnmpError):
            await get(device.port, UP_TIME, timeout_seconds=0.1)
        took = time.monotonic() - started
        heart.cancel()
        assert len(device.requests) == 2
    assert 0.19 <= took < 2, "timeout × (retries + 1), with room for a busy machine"
    assert beats >= 5, "the loop went on meanwhile"


async def test_flood_of_wrong_answers_does_not_prolong_the_wait() -> None:
    def flood(request: ber.Request) -> list[bytes]:
        return bad_device.wrong_request_id(request) * 50

    with BadDevice(flood) as device:
        started = time.monotonic()
        with pytest.raises(SnmpError) as raised:
            await get(device.port, UP_TIME, timeout_seconds=0.1)
        assert time.monotonic() - started < 2
    assert raised.value.reason is SnmpFailure.TIMEOUT


async def test_time_budget_ends_a_poll_of_a_device_that_is_merely_slow() -> None:
    def slow(request: ber.Request) -> list[bytes]:
        time.sleep(0.05)  # the device's thread, not the loop's
        return bad_device.without_end(request)

    with BadDevice(slow) as device, pytest.raises(SnmpError) as raised:
        await walk(device, budget=Budget(seconds=0.3))
    assert raised.value.reason is SnmpFailure.BUDGET


async def test_agent_that_takes_few_objects_in_a_request_is_asked_for_fewer_from_then_on() -> None:
    oids = [f"{COLUMN}.{index}" for index in range(1, 61)]
    with Device({UP_TIME: ber.ticks(1)} | {oid: ber.counter32(5) for oid in oids}) as device:
        device.most_bindings = 20
        async with Session(target(device.port), Budget()) as session:
            assert set(await session.get(oids)) == {*oids, UP_TIME}
            asked = len(device.requests)
            await session.get(oids)
        assert all(len(request.oids) <= 20 for request in device.requests[asked:])
        assert session.known.get_oids < 20


async def test_answer_too_long_for_the_decoder_is_asked_for_in_parts() -> None:
    oids = [f"1.3.6.1.2.1.31.1.1.1.18.{index}" for index in range(1, 41)]
    with Device({UP_TIME: ber.ticks(1)} | {oid: ber.octets(b"x" * 255) for oid in oids}) as device:
        async with Session(target(device.port), Budget()) as session:
            assert len(await session.get(oids)) == 41


async def test_object_of_64_kilobytes_spoils_only_itself() -> None:
    names = [f"1.3.6.1.2.1.1.{arc}.0" for arc in (1, 4, 5, 6)]
    mib = {UP_TIME: ber.ticks(1)} | {name: ber.octets(b"fine") for name in names}
    with Device(mib | {names[0]: ber.octets(b"A" * 60_000)}) as device:
        async with Session(target(device.port), Budget()) as session:
            rows = await session.get(names)
    assert rows == {UP_TIME: 1} | dict.fromkeys(names[1:], b"fine")


async def test_column_of_long_texts_is_walked_in_small_steps() -> None:
    with Device({f"{COLUMN}.{index}": ber.octets(b"x" * 255) for index in range(1, 20)}) as device:
        device.largest = 60_000
        assert len(await walk(device)) == 19


async def test_walk_ends_when_it_has_enough() -> None:
    with Device({f"{COLUMN}.{index}": ber.integer(index) for index in range(1, 500)}) as device:
        rows: Rows = {}
        async with Session(target(device.port), Budget()) as session:
            await session.walk(COLUMN, rows, enough=lambda read: 3 in read.values())
        assert len(device.requests) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"version": "2"}, "write one of 1, 2c, 3"),
        ({"version": "3"}, "version 3 needs a user"),
        ({"user": User("monitor")}, "the others have none"),
        ({"port": 0}, "not between 1 and 65535"),
        ({"port": 70_000}, "not between 1 and 65535"),
        ({"timeout_seconds": 0}, "must be positive"),
        ({"retries": -1}, "not negative"),
        ({"community": "x" * 256}, "longer than 255"),
    ],
)
def test_target_that_cannot_be_asked_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Target("10.0.0.1", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(2))
async def test_no_mutation_of_an_answer_gets_out_as_anything_but_an_snmp_error(seed: int) -> None:
    with BadDevice(bad_device.mutations(seed)) as device:
        for _ in range(60):
            async with Session(target(device.port, timeout_seconds=0.02, retries=0), Budget(varbinds=500)) as session:
                for step in (session.get([UP_TIME, COLUMN]), session.walk(COLUMN, {})):
                    with contextlib.suppress(SnmpError):
                        await step
