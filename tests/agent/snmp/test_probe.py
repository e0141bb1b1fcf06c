"""The probe against a device that keeps to the rules, and one that does not."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from typing import Any

import pytest

from agent import target as watched
from agent.collection import Collector
from agent.packed import Packed
from agent.probes.snmp import FULL_READING_LEAST_SECONDS, FULL_READING_SECONDS, SnmpProbe
from agent.sample import Sample
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.target import Budget, Target
from core.clock import ManualClock
from core.labels import Labels
from tests.servers import bad_device, ber
from tests.servers.bad_device import BadDevice, Behaviour
from tests.servers.device import Device
from tests.servers.switch import IF, IFX, SERIAL, octets_in, switch_mib

ONE = (("ifAlias", "上联 1"), ("ifDescr", "GigabitEthernet1/0/1"), ("ifIndex", "1"), ("ifName", "Gi1/0/1"))


def probe(port: int, clock: ManualClock, *, budget: Budget | None = None, timeout_seconds: float = 5) -> SnmpProbe:
    return SnmpProbe(Target("127.0.0.1", port, timeout_seconds=timeout_seconds, retries=0), clock, budget)


async def collect(of: SnmpProbe) -> dict[tuple[str, Labels], float]:
    samples: list[Sample] = list(await of.collect())
    found = {(sample.name, sample.labels): sample.value for sample in samples}
    assert len(found) == len(samples), "each series once"
    return found


def errors(samples: dict[tuple[str, Labels], float]) -> dict[str, float]:
    """Errors by class, those above zero."""
    return {
        labels[0][1]: value
        for (name, labels), value in samples.items()
        if name == "forewatch_snmp_walk_errors_total" and value
    }


async def test_counters_states_and_texts_carry_snmp_exporters_names_and_labels(clock: ManualClock) -> None:
    with Device(switch_mib()) as device:
        samples = await collect(probe(device.port, clock))
    expected = {
        ("sysUpTime", ()): 123_456,
        ("ifNumber", ()): 2,
        ("sysName", (("sysName", "core-1.example.net"),)): 1,
        ("sysObjectID", (("sysObjectID", "1.3.6.1.4.1.9.1.2494"),)): 1,
        ("ifOperStatus", ONE): 1,
        ("ifHCInOctets", ONE): octets_in(1),
        ("ifInOctets", ONE): octets_in(1) & 0xFFFFFFFF,
        ("ifHCOutBroadcastPkts", ONE): 10_001,
        ("ifOutBroadcastPkts", ONE): 10_001,
        ("ifInErrors", ONE): 14_001,
        ("ifHighSpeed", ONE): 1000,
        ("ifType_info", (*ONE, ("ifType", "ethernetCsmacd"))): 1,
    }
    assert expected.items() <= {(name, tuple(sorted(of))): value for (name, of), value in samples.items()}.items()
    assert errors(samples) == {}


async def test_poll_asks_for_live_objects_only_and_gives_the_same_series(clock: ManualClock) -> None:
    with Device(switch_mib(interfaces=3)) as device:
        polled = probe(device.port, clock)
        first = await collect(polled)
        before = len(device.requests)
        device.set(f"{IFX}.6.1", ber.counter64(2**63))
        second = await collect(polled)
        asked = device.requests[before:]
    assert second.keys() == first.keys()
    assert second["ifHCInOctets", ONE] == 2**63
    assert second["ifInOctets", ONE] == 0
    assert all(request.pdu == ber.GET for request in asked)
    assert len(asked) == 3, "the pulse, and 48 objects in two requests"


async def test_device_that_takes_few_objects_in_a_request_is_not_asked_for_more_at_every_poll(
    clock: ManualClock,
) -> None:
    with Device(switch_mib(interfaces=6)) as device:
        device.most_bindings = 30
        polled = probe(device.port, clock)
        first = await collect(polled)
        await collect(polled)
        asked = len(device.requests)
        assert (await collect(polled)).keys() == first.keys()
        assert max(len(request.oids) for request in device.requests[asked:]) <= 30


async def test_a_poll_yields_the_series_of_the_one_before_and_only_the_labels_are_the_devices_own(
    clock: ManualClock,
) -> None:
    with Device(switch_mib()) as device:
        polled = probe(device.port, clock)
        first = {sample.series: sample.series for sample in await polled.collect()}
        second = [sample.series for sample in await polled.collect()]
    assert first.keys() == set(second)
    made_anew = [one for one in second if first[one] is not one]
    assert len(made_anew) > len(second) / 2
    assert len({id(one.of) for one in made_anew if isinstance(one, Packed)}) == 1
    assert all(isinstance(one, Packed) for one in made_anew)


@pytest.mark.parametrize(
    ("changes", "seconds", "seen", "why"),
    [
        ({}, FULL_READING_SECONDS - 1, False, "nothing says that the device changed"),
        ({}, FULL_READING_SECONDS, True, "five minutes are over"),
        ({"1.3.6.1.2.1.31.1.5.0": ber.ticks(200_000)}, FULL_READING_LEAST_SECONDS, True, "ifTableLastChange moved"),
        ({"1.3.6.1.2.1.31.1.5.0": ber.ticks(200_000)}, 1, False, "it moved, but all was read a second ago"),
        ({"1.3.6.1.2.1.2.1.0": ber.integer(3)}, FULL_READING_LEAST_SECONDS, True, "ifNumber changed"),
        ({"1.3.6.1.2.1.1.3.0": ber.ticks(50)}, 1, True, "sysUpTime went back: the device restarted"),
        ({"1.3.6.1.2.1.1.3.0": ber.ticks(200_000)}, 100, False, "sysUpTime goes on as it should"),
    ],
)
async def test_names_are_read_again_when_there_is_a_reason(
    clock: ManualClock, changes: dict[str, bytes], seconds: float, seen: bool, why: str
) -> None:
    with Device(switch_mib()) as device:
        polled = probe(device.port, clock)
        await collect(polled)
        device.set(f"{IFX}.18.1", ber.octets(b"renamed"))
        for name, value in changes.items():
            device.set(name, value)
        await clock.advance(seconds)
        assert any(("ifAlias", "renamed") in labels for _, labels in await collect(polled)) is seen, why


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("1.3.6.1.2.1.31.1.5.0", ber.ticks(200_000), "the change is remembered until it may be looked at"),
        (f"{IF}.8.2", None, "an object is gone, which only the poll itself finds out"),
    ],
)
async def test_change_soon_after_a_full_reading_is_looked_at_later(
    clock: ManualClock, name: str, value: bytes | None, why: str
) -> None:
    with Device(switch_mib()) as device:
        polled = probe(device.port, clock)
        await collect(polled)
        device.set(f"{IFX}.18.1", ber.octets(b"renamed"))
        device.set(name, value)
        for _ in range(3):
            await clock.advance(15)
            assert not any(("ifAlias", "renamed") in labels for _, labels in await collect(polled)), why
        await clock.advance(15)
        assert any(("ifAlias", "renamed") in labels for _, labels in await collect(polled)), why


async def test_interface_that_comes_is_polled_and_one_that_goes_is_not(clock: ManualClock) -> None:
    with Device(switch_mib(interfaces=2)) as device:
        polled = probe(device.port, clock)
        await collect(polled)
        device.load(switch_mib(interfaces=3))
        await clock.advance(FULL_READING_LEAST_SECONDS)
        assert sum(name == "ifOperStatus" for name, _ in await collect(polled)) == 3
        device.load(switch_mib(interfaces=1))
        await clock.advance(FULL_READING_LEAST_SECONDS)
        assert sum(name == "ifOperStatus" for name, _ in await collect(polled)) == 1


async def test_object_that_is_walked_but_cannot_be_got_does_not_cause_full_readings_for_ever(
    clock: ManualClock,
) -> None:
    hidden = ber.parse_oid(f"{IF}.20.2")

    class Quirky(Device):
        def replies(self, request: ber.Request) -> list[bytes]:
            if request.pdu != ber.GET:
                return super().replies(request)
            kept = self.mib
            self.mib = {name: value for name, value in kept.items() if name != hidden}
            replies = super().replies(request)
            self.mib = kept
            return replies

    with Quirky(switch_mib()) as device:
        polled = probe(device.port, clock)
        readings = 0
        for _ in range(8):
            before = len(device.requests)
            samples = await collect(polled)
            readings += any(request.pdu == ber.GET_BULK for request in device.requests[before:])
            await clock.advance(30)
    assert readings == 2, "the first, and one to see whether the object is really gone"
    assert errors(samples) == {"no_such": 6}


@pytest.mark.parametrize(
    ("bend", "why"),
    [
        (lambda device: device.drop(IFX), "no ifXTable at all"),
        (lambda device: device.set(f"{IFX}.6.2", None), "one slow interface has no 64-bit counter (RFC 2863, 3.1.6)"),
        (lambda device: device.set(f"{IFX}.6.1", ber.counter64(0)), "firmware that never moves the 64-bit counter"),
    ],
)
async def test_32_bit_counters_are_read_where_64_bit_ones_cannot_stand_for_them(
    clock: ManualClock, bend: object, why: str
) -> None:
    with Device(switch_mib()) as device:
        bend(device)  # type: ignore[operator]
        polled = probe(device.port, clock)
        await collect(polled)
        for index in (1, 2):
            device.set(f"{IF}.10.{index}", ber.counter32(777))
        samples = await collect(polled)
    low = [value for (name, _), value in samples.items() if name == "ifInOctets"]
    assert low == [777, 777], why


async def test_device_with_a_system_group_only_is_up(clock: ManualClock) -> None:
    with Device(switch_mib()) as device:
        device.drop("1.3.6.1.2.1.2")
        device.drop("1.3.6.1.2.1.31")
        samples = await collect(probe(device.port, clock))
    assert ("sysUpTime", ()) in samples
    assert not any(name.startswith("if") for name, _ in samples)


@pytest.mark.parametrize(
    ("behaviour", "reason", "why"),
    [
        (bad_device.never, SnmpFailure.TIMEOUT, "silence"),
        (bad_device.garbage, SnmpFailure.MALFORMED, "no SNMP"),
        (bad_device.nothing_there, SnmpFailure.NO_SUCH, "an agent that shows this community nothing"),
        (bad_device.gen_err, SnmpFailure.NO_SUCH, "an agent that answers every request with an error"),
    ],
)
async def test_device_that_gives_nothing_raises_its_class_and_counts_it(
    clock: ManualClock, behaviour: Behaviour, reason: SnmpFailure, why: str
) -> None:
    with BadDevice(behaviour) as device:
        polled = probe(device.port, clock, timeout_seconds=0.5)
        with pytest.raises(SnmpError) as raised:
            await polled.collect()
    assert raised.value.reason is reason, why
    assert polled._errors[reason] >= 1


@pytest.mark.parametrize(
    ("behaviour", "counted", "why"),
    [
        (bad_device.same_for_ever, "loop", "a column that never moves on costs itself, the others are read"),
        (bad_device.in_a_circle, "loop", "the same in a circle"),
        (bad_device.without_end, "budget", "endless columns end with the budget"),
    ],
)
async def test_device_in_a_loop_is_up_with_partial_data_and_the_class_counted(
    clock: ManualClock, behaviour: Behaviour, counted: str, why: str
) -> None:
    with BadDevice(behaviour) as device:
        samples = await collect(probe(device.port, clock, budget=Budget(varbinds=2000)))
    assert errors(samples)[counted] >= 1, why
    assert ("sysUpTime", ()) in samples
    assert len(samples) < 5000


async def test_device_that_dies_in_the_middle_of_a_poll_leaves_what_was_read(clock: ManualClock) -> None:
    class Dying(Device):
        answers_left = 10_000

        def replies(self, request: ber.Request) -> list[bytes]:
            self.answers_left -= 1
            return super().replies(request) if self.answers_left >= 0 else []

    with Dying(switch_mib(interfaces=20)) as device:
        polled = probe(device.port, clock, timeout_seconds=0.5)
        await collect(polled)
        device.answers_left = 3  # the pulse and two of eight requests
        samples = await collect(polled)
        device.answers_left = 0
        with pytest.raises(SnmpError):
            await collect(polled)
        device.answers_left = 10_000
        again = await collect(polled)
    assert errors(samples) == {"timeout": 1}
    assert sum(name == "ifOperStatus" for name, _ in samples) == 20
    assert sum(name == "ifHCOutBroadcastPkts" for name, _ in samples) == 0
    assert errors(again) == {"timeout": 2}
    assert sum(name == "ifHCOutBroadcastPkts" for name, _ in again) == 20


@pytest.mark.parametrize(
    ("root", "why"),
    [
        (f"{IF}.2", "it hangs on ifDescr, one of the labels"),
        (f"{IFX}.6", "it hangs on a counter, after the labels: they alone are no inventory"),
        (f"{IFX}.16", "it hangs near the end"),
    ],
)
async def test_full_reading_that_breaks_off_keeps_the_old_names_and_is_repeated_soon(
    clock: ManualClock, root: str, why: str
) -> None:
    class Hanging(Device):
        hanging = False

        def replies(self, request: ber.Request) -> list[bytes]:
            stuck = request.pdu == ber.GET_BULK and request.oids == [ber.parse_oid(root)]
            return [] if self.hanging and stuck else super().replies(request)

    with Hanging(switch_mib()) as device:
        polled = probe(device.port, clock, timeout_seconds=0.5)
        first = await collect(polled)
        device.hanging = True
        device.set(f"{IFX}.18.1", ber.octets(b"renamed"))
        await clock.advance(FULL_READING_SECONDS)
        await collect(polled)
        asked = len(device.requests)
        assert (await collect(polled)).keys() == first.keys(), why
        assert all(request.pdu == ber.GET for request in device.requests[asked:]), why
        device.hanging = False
        await clock.advance(FULL_READING_LEAST_SECONDS)
        assert any(("ifAlias", "renamed") in labels for _, labels in await collect(polled))


async def test_device_that_is_too_slow_for_once_keeps_its_series_and_one_that_has_grown_does_not(
    clock: ManualClock,
) -> None:
    with Device(switch_mib()) as device:
        polled = probe(device.port, clock)
        first = await collect(polled)
        polled._budget = Budget(varbinds=40)
        await clock.advance(FULL_READING_SECONDS)
        assert errors(await collect(polled)) == {"budget": 1}
        polled._budget = Budget()
        assert (await collect(polled)).keys() == first.keys()
        await clock.advance(FULL_READING_LEAST_SECONDS)
        assert (await collect(polled)).keys() == first.keys()
        polled._budget = Budget(varbinds=40)
        for _ in range(2):
            await clock.advance(FULL_READING_SECONDS)
            await collect(polled)
        polled._budget = Budget()
        assert len(await collect(polled)) < len(first), "what the budget allows"
        assert (await polled.facts()).serial_number == SERIAL


async def test_restarted_device_whose_names_cannot_be_read_gets_none_rather_than_the_old_ones(
    clock: ManualClock,
) -> None:
    class Hanging(Device):
        hanging = False

        def replies(self, request: ber.Request) -> list[bytes]:
            return [] if self.hanging and request.pdu == ber.GET_BULK else super().replies(request)

    with Hanging(switch_mib()) as device:
        polled = probe(device.port, clock, timeout_seconds=0.5)
        first = await collect(polled)
        device.hanging = True
        device.set("1.3.6.1.2.1.1.3.0", ber.ticks(50))
        samples = await collect(polled)
        assert ("sysUpTime", ()) in samples
        assert not any(name.startswith("ifHC") for name, _ in samples)
        device.hanging = False
        assert (await collect(polled)).keys() == first.keys()
        assert (await polled.facts()).serial_number == SERIAL


async def test_device_that_hangs_on_the_chassis_keeps_its_serial_number_and_new_names(clock: ManualClock) -> None:
    class Hanging(Device):
        hanging = False

        def replies(self, request: ber.Request) -> list[bytes]:
            entity = request.oids[0][:8] == ber.parse_oid("1.3.6.1.2.1.47.1")
            return [] if self.hanging and entity else super().replies(request)

    with Hanging(switch_mib()) as device:
        polled = probe(device.port, clock, timeout_seconds=0.5)
        await collect(polled)
        device.hanging = True
        device.set(f"{IFX}.18.1", ber.octets(b"renamed"))
        await clock.advance(FULL_READING_SECONDS)
        assert any(("ifAlias", "renamed") in labels for _, labels in await collect(polled))
        assert (await polled.facts()).serial_number == SERIAL


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (bad_device.never, "a dead device"),
        (bad_device.garbage, "one that cannot be understood"),
        (bad_device.in_turn(bad_device.nothing_there, bad_device.never), "one that dies on the way"),
    ],
)
async def test_failed_poll_closes_its_socket_without_waiting_for_the_garbage_collector(
    behaviour: Behaviour, why: str, clock: ManualClock
) -> None:
    with BadDevice(behaviour) as device:
        target = watched.Target("snmp", "core-1", probe(device.port, clock, timeout_seconds=0.05), 10, 9)
        collector = Collector(target, clock)
        await collector.collect()  # the loop opens what it needs
        gc.disable()
        try:
            before = open_files()
            for _ in range(3):
                assert (await collector.collect()).failure is not None
            assert open_files() == before, why
        finally:
            gc.enable()


async def test_dead_device_leaves_no_garbage_in_cycles(clock: ManualClock) -> None:
    with BadDevice(bad_device.never) as device:
        dead = watched.Target("snmp", "core-1", probe(device.port, clock, timeout_seconds=0.05), 10, 9)
        collector = Collector(dead, clock)
        await collector.collect()
        gc.collect()
        gc.disable()
        try:
            for _ in range(3):
                assert (await collector.collect()).failure == "timeout"
            assert gc.collect() == 0
        finally:
            gc.enable()


async def test_devices_are_read_where_their_names_led_while_the_name_servers_are_away(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = ["127.0.0.1"]

    def name_server(*arguments: object, **options: object) -> list[Any]:
        if not addresses:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (addresses[0], 0))]

    monkeypatch.setattr(socket, "getaddrinfo", name_server)
    with Device(switch_mib()) as device:
        polled = SnmpProbe(Target("core-1.example.net", device.port, retries=0), clock)
        first = await collect(polled)
        addresses.clear()
        assert (await collect(polled)).keys() == first.keys()
        with pytest.raises(SnmpError, match="does not resolve"):
            await SnmpProbe(Target("core-1.example.net", device.port), clock).collect()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are enough


async def test_poll_that_is_cancelled_leaves_nothing_behind(clock: ManualClock) -> None:
    with Device(switch_mib()) as device:
        polled = SnmpProbe(Target("127.0.0.1", device.port, timeout_seconds=30), clock)
        device.silent = True
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.ensure_future(polled.collect()), 0.05)
        assert not asyncio.get_running_loop()._selector.get_map().keys() - idle_descriptors()  # type: ignore[attr-defined]
        device.silent = False
        assert ("sysUpTime", ()) in await collect(polled)


def idle_descriptors() -> set[int]:
    """What the loop itself listens to: the pipe that wakes it."""
    return {asyncio.get_running_loop()._ssock.fileno()}  # type: ignore[attr-defined]


async def test_values_of_the_wrong_type_are_left_out_and_counted(clock: ManualClock) -> None:
    with Device(switch_mib()) as device:
        device.set(f"{IF}.14.1", ber.octets(b"not a counter"))
        samples = await collect(probe(device.port, clock))
    assert ("ifInErrors", ONE) not in samples
    assert errors(samples) == {"malformed": 1}


async def test_object_that_no_answer_can_carry_is_left_out_and_counted(clock: ManualClock) -> None:
    with Device(switch_mib()) as device:
        device.set("1.3.6.1.2.1.1.1.0", ber.octets(b"A" * 60_000))
        samples = await collect(probe(device.port, clock))
    assert ("sysName", (("sysName", "core-1.example.net"),)) in samples
    assert not any(name == "sysDescr" for name, _ in samples)
    assert errors(samples) == {"malformed": 1}


async def test_hostile_text_becomes_short_printable_labels(clock: ManualClock) -> None:
    with Device(switch_mib()) as device:
        device.set("1.3.6.1.2.1.1.5.0", ber.octets(b"core\x00\x1b[31m\xff\xfe" + b"A" * 3000))
        device.set(f"{IFX}.18.1", ber.octets("\u202ereversed\r\nsecond line\x07".encode()))
        samples = await collect(probe(device.port, clock))
    texts = [value for _, labels in samples for _, value in labels]
    assert all(text.isprintable() and len(text) <= 255 for text in texts)
    assert "reversed  second line" in texts
    assert any(text.startswith("core[31m\ufffd\ufffdAAA") for text in texts)


async def test_facts_come_from_the_full_reading_with_the_newest_states(clock: ManualClock) -> None:
    with Device(switch_mib()) as device:
        polled = probe(device.port, clock)
        facts = await polled.facts()
        asked = len(device.requests)
        assert await polled.facts() == facts
        assert len(device.requests) == asked
        device.set(f"{IF}.8.1", ber.integer(2))
        await collect(polled)
        assert [of.oper_up for of in (await polled.facts()).interfaces] == [False, False]
    assert facts.management_address == f"127.0.0.1:{device.port}"
    assert facts.serial_number == SERIAL
    assert facts.addresses == ["10.20.0.1", "2001:db8::1"]
    assert facts.interfaces[0].mac == "02:00:00:00:00:01"
    assert facts.interfaces[0].speed_bps == 1_000_000_000
    assert [of.oper_up for of in facts.interfaces] == [True, False]


async def test_facts_of_a_device_that_does_not_answer_raise(clock: ManualClock) -> None:
    with BadDevice(bad_device.never) as device, pytest.raises(SnmpError):
        await probe(device.port, clock, timeout_seconds=0.5).facts()
