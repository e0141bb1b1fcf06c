"""The receiver as a process, sent to by net-snmp's snmptrap and snmpinform."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.traps.supervisor import Supervisor
from core.clock import SystemClock
from core.facts import EventReport
from tests.agent.traps.samples import setup
from tests.agent.traps.wiretap import Wiretap, inform
from tests.servers.ports import free_port
from tests.servers.snmptrap import COLD_START, LINK_DOWN, Snmptrap, interface

PRIVATE = ["-u", "private", "-l", "authPriv", "-a", "SHA-256", "-A", "authpass1", "-x", "AES", "-X", "privpass1"]
SIGNED = ["-u", "signed", "-l", "authNoPriv", "-a", "MD5", "-A", "authpass1"]
OPEN = ["-u", "open", "-l", "noAuthNoPriv"]


class Receiver:
    """A running receiver, what it told, and a device that sends to it."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.port = free_port(socket.SOCK_DGRAM)
        self.device = Snmptrap(folder, self.port)
        self.events: list[EventReport] = []
        self.supervisor = Supervisor(
            setup(self.port, str(folder / "state"), **changes), self.events.append, SystemClock(), random=lambda: 0.0
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.02)

    async def told(self, count: int = 1) -> EventReport:
        """The last of `count` events."""
        await self.until(lambda: len(self.events) >= count)
        assert len(self.events) == count
        return self.events[-1]

    async def dropped(self, reason: str, count: int) -> None:
        await self.until(
            lambda: self.supervisor.stats is not None and self.supervisor.stats.dropped.get(reason, 0) == count
        )

    async def send(self, send: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        return await asyncio.to_thread(send, *arguments, **more)


@contextlib.asynccontextmanager
async def receiver(folder: Path, **changes: Any) -> AsyncIterator[Receiver]:
    one = Receiver(folder, **changes)
    running = asyncio.ensure_future(one.supervisor.run())
    try:
        await one.until(lambda: one.supervisor.ready)
        yield one
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_every_version_is_received(tmp_path: Path) -> None:
    async with receiver(tmp_path) as one:
        device, down = one.device, interface(3)
        await one.send(device.v1, "1.3.6.1.4.1.9.1", 2, 0, *down)
        await one.told(1)
        await one.send(device.v2c, LINK_DOWN, *down)
        await one.told(2)
        for count, options in enumerate((PRIVATE, SIGNED, OPEN), 3):
            await one.send(device.v3, options, LINK_DOWN, *down)
            await one.told(count)
        assert [event.attributes["snmp_version"] for event in one.events] == ["1", "2c", "3", "3", "3"]
        for event in one.events:
            assert (event.kind, event.target) == ("trap", "core-1")
            assert event.attributes["trap"] == "linkDown"
            assert event.attributes["ifDescr"] == "Gi0/3"
            assert event.alerts[0].labels == {"instance": "core-1", "ifIndex": "3"}


async def test_a_specific_trap_of_version_1_has_the_name_that_version_2_gives_it(tmp_path: Path) -> None:
    async with receiver(tmp_path, relays=["127.0.0.1"]) as one:
        text = ("1.3.6.1.4.1.318.2.3.3.0", "s", "UPS: on battery power")
        await one.send(one.device.v1, "1.3.6.1.4.1.318", 6, 5, *text, agent="10.9.9.9")
        event = await one.told()
        assert (event.attributes["trap"], event.attributes["oid"]) == ("upsOnBattery", "1.3.6.1.4.1.318.0.5")
        assert event.target == "10.9.9.9", "the agent address, as a relay sent it"
        assert event.message == "on battery: UPS: on battery power"


@pytest.mark.parametrize(
    "options", [["-v2c", "-cpublic"], ["-v3", *PRIVATE], ["-v3", *SIGNED], ["-v3", *OPEN]], ids=lambda o: o[-1]
)
async def test_informs_are_acknowledged(tmp_path: Path, options: list[str]) -> None:
    async with receiver(tmp_path) as one:
        assert await one.send(one.device.inform, options, LINK_DOWN, *interface(3))
        assert (await one.told()).attributes["trap"] == "linkDown"


async def test_what_is_not_signed_as_its_user_signs_is_counted_and_not_believed(tmp_path: Path) -> None:
    wrong = [word.replace("authpass1", "authpassX") for word in PRIVATE]
    unsigned = ["-u", "private", "-l", "noAuthNoPriv"]
    unencrypted = ["-u", "private", "-l", "authNoPriv", "-a", "SHA-256", "-A", "authpass1"]
    nobody = ["-u", "nobody", "-l", "noAuthNoPriv"]
    async with receiver(tmp_path) as one:
        await one.send(one.device.v2c, LINK_DOWN, community="guessed")
        for options in (wrong, unsigned, unencrypted, nobody):
            await one.send(one.device.v3, options, LINK_DOWN)
        assert not await one.send(one.device.inform, ["-v3", *wrong], LINK_DOWN)
        assert not await one.send(one.device.inform, ["-t1", "-r0", "-v3", *unsigned], LINK_DOWN), "nobody heard it"
        await one.dropped("community", 1)
        await one.dropped("signature", 2)
        await one.dropped("level", 3)
        await one.dropped("user", 1)
        assert one.events == []


async def test_every_generic_trap_of_version_1_has_the_name_of_version_2(tmp_path: Path) -> None:
    names = ["coldStart", "warmStart", "linkDown", "linkUp", "authenticationFailure", "egpNeighborLoss"]
    async with receiver(tmp_path) as one:
        for number in range(len(names)):
            await one.send(one.device.v1, "1.3.6.1.4.1.9.1", number, 0, *interface(3))
            await one.told(number + 1)
        assert [event.attributes["trap"] for event in one.events] == names
        assert [event.attributes["oid"] for event in one.events] == [f"1.3.6.1.6.3.1.1.5.{n}" for n in range(1, 7)]
        await one.send(one.device.v1, "1.3.6.1.4.1.99999.0", 6, 7)
        assert (await one.told(7)).attributes["oid"] == "1.3.6.1.4.1.99999.0.0.7", "RFC 3584 section 3.1 (2)"


async def test_what_a_proxy_says_of_the_first_sender_counts_if_it_may_say_so(tmp_path: Path) -> None:
    address = ["1.3.6.1.6.3.18.1.3.0", "a", "10.7.7.7"]
    async with receiver(tmp_path, relays=["127.0.0.1"]) as one:
        await one.send(one.device.v2c, COLD_START, *address)
        assert (await one.told()).target == "10.7.7.7"
    async with receiver(tmp_path) as two:
        await two.send(two.device.v2c, COLD_START, *address)
        event = await two.told()
        assert event.target == "core-1"
        assert "10.7.7.7" not in event.attributes.values()


async def test_a_device_that_the_collector_has_polled_is_known_by_its_name_without_a_restart(tmp_path: Path) -> None:
    async with receiver(tmp_path, names={}) as one:
        await one.send(one.device.v2c, COLD_START)
        assert (await one.told()).target == "127.0.0.1"
        one.supervisor.rename({"127.0.0.1": "core-7"})
        for count in range(2, 200):
            await one.send(one.device.v2c, COLD_START)
            if (await one.told(count)).target == "core-7":
                break
        assert one.events[-1].target == "core-7"
        [child] = [one for one in psutil.Process().children() if "agent.traps.child" in one.cmdline()]
        child.kill()
        await one.until(lambda: one.supervisor.restarts == 1 and one.supervisor.ready)
        count = len(one.events) + 1
        await one.send(one.device.v2c, COLD_START)
        assert (await one.told(count)).target == "core-7", "the next receiver knows it too"


async def test_a_context_is_kept_with_the_event(tmp_path: Path) -> None:
    async with receiver(tmp_path) as one:
        await one.send(one.device.v3, [*PRIVATE, "-n", "vrf-red"], COLD_START)
        assert (await one.told()).attributes["context"] == "vrf-red"
        assert await one.send(one.device.inform, ["-v3", *PRIVATE, "-n", "vrf-blue"], COLD_START)
        assert (await one.told(2)).attributes["context"] == "vrf-blue"


async def test_an_inform_that_is_sent_again_is_answered_again_and_told_once(tmp_path: Path) -> None:
    async with receiver(tmp_path) as one:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            for request, uptime in ((1, 100), (1, 100), (2, 100), (1, 200)):
                sender.sendto(inform(request, uptime, LINK_DOWN), ("127.0.0.1", one.port))
                await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sender, 4096), 10)
        await one.told(3)
        await one.until(lambda: one.supervisor.stats is not None and one.supervisor.stats.repeated == 1)


async def test_messages_of_version_3_that_were_recorded_are_refused(tmp_path: Path) -> None:
    async with receiver(tmp_path) as one:
        async with Wiretap(one.port) as tap:
            device = Snmptrap(tmp_path, tap.port)
            assert await one.send(device.inform, ["-v3", *PRIVATE], COLD_START)
        await one.told()
        await one.send(one.device.v3, [*PRIVATE, "-Z", "5,1000"], LINK_DOWN)
        await one.told(2)
        for older in ("5,800", "4,2000"):
            await one.send(one.device.v3, [*PRIVATE, "-Z", older], LINK_DOWN)
        await one.dropped("replayed", 2)
        assert len(one.events) == 2
    async with receiver(tmp_path) as two:  # the engine has started once more since the inform was recorded
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as replay:
            replay.sendto(tap.heard[-1], ("127.0.0.1", two.port))
        await two.dropped("replayed", 1)
        assert two.events == []


async def test_traps_that_nobody_has_defined_are_counted_by_their_oid(tmp_path: Path) -> None:
    async with receiver(tmp_path) as one:
        await one.send(one.device.v2c, "1.3.6.1.4.1.9.9.99999.0.7", "1.3.6.1.4.1.9.9.99999.1.1.0", "s", "it broke")
        assert (await one.told()).attributes["1.3.6.1.4.1.9.9.99999.1.1.0"] == "it broke"
        await one.until(
            lambda: (
                one.supervisor.stats is not None
                and one.supervisor.stats.unknown == [("1.3.6.1.4.1.9.9.99999.0.7", "Cisco", 1)]
            )
        )


async def test_the_engine_is_the_same_after_a_restart_and_senders_of_informs_go_on(tmp_path: Path) -> None:
    async with receiver(tmp_path) as one:
        for _ in range(2):
            assert await one.send(one.device.inform, ["-v3", *PRIVATE], COLD_START)
        first = (tmp_path / "state/engine.json").read_text()
    async with receiver(tmp_path) as two:
        assert await two.send(two.device.inform, ["-v3", *PRIVATE], COLD_START)
        second = (tmp_path / "state/engine.json").read_text()
    assert first.replace('"boots":1', '"boots":2') == second


async def test_octets_that_are_no_snmp_are_counted(tmp_path: Path) -> None:
    v1_get = bytes.fromhex(
        "302602010004067075626c6963a01902010102010002010030 0e300c06082b060102010101000500".replace(" ", "")
    )
    junk = [b"", b"x" * 20, b"\x30\x82\xff\xff" + b"\0" * 40, os.urandom(1400), v1_get, v1_get[:-3]]
    async with receiver(tmp_path) as one:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for datagram in junk:
                sender.sendto(datagram, ("127.0.0.1", one.port))
        await one.dropped("malformed", len(junk))
        await one.send(one.device.v2c, COLD_START)
        await one.told()


async def test_a_flood_is_limited_before_it_is_decoded(tmp_path: Path) -> None:
    async with receiver(tmp_path, rate=5, burst=20) as one:
        await one.send(one.device.v2c, COLD_START)
        await one.told()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(500):
                sender.sendto(b"\x30" * 100, ("127.0.0.1", one.port))
        await one.until(lambda: one.supervisor.stats is not None and one.supervisor.stats.messages >= 400)
        stats = one.supervisor.stats
        assert stats is not None
        assert stats.dropped["source_rate"] + stats.dropped["malformed"] + 1 == stats.messages
        assert stats.dropped["malformed"] <= 30


async def test_a_receiver_that_is_killed_is_started_again(tmp_path: Path) -> None:
    async with receiver(tmp_path) as one:
        [child] = [one for one in psutil.Process().children() if "agent.traps.child" in one.cmdline()]
        child.kill()
        await one.until(lambda: one.supervisor.restarts == 1 and one.supervisor.ready)
        await one.send(one.device.v2c, COLD_START)
        await one.told()


async def test_a_port_that_is_taken_is_told_and_tried_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        one = Receiver(tmp_path)
        taken.bind(("127.0.0.1", one.port))
        running = asyncio.ensure_future(one.supervisor.run())
        await one.until(lambda: one.supervisor.restarts == 1)
        assert "cannot be opened" in capfd.readouterr().err
    await one.until(lambda: one.supervisor.ready)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_receiver_that_talks_nonsense_is_ended(tmp_path: Path) -> None:
    nonsense = (sys.executable, "-c", "import sys, time; print('{}', flush=True); time.sleep(60)")
    one = Supervisor(setup(1, str(tmp_path)), lambda _event: None, SystemClock(), command=nonsense, random=lambda: 0.0)
    running = asyncio.ensure_future(one.run())
    async with asyncio.timeout(20):
        while one.restarts == 0:
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
