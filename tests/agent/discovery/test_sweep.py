"""Sweeps of a small network on loopback."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from pathlib import Path

import pytest

from agent.config import SnmpCredential
from agent.discovery.knock import Knocker
from agent.discovery.pace import Pace
from agent.discovery.plan import chosen, make_plan
from agent.discovery.session import interrupted
from core.clock import SystemClock
from core.config import Secret
from tests.agent.discovery.network import NETWORK, Sweep, communities, limits, plan, running, sees, swept, switch
from tests.servers.device import Device
from tests.servers.ports import free_port


async def test_devices_are_found_with_what_they_are() -> None:
    with running({"127.0.9.3": switch("core-1", "SN-1"), "127.0.9.7": switch("edge-1", "SN-2")}) as (port, _):
        result = await swept(plan(port))
    assert [(one.addresses, one.facts.name, one.facts.serial_number) for one in result.devices] == [
        (["127.0.9.3"], "core-1", "SN-1"),
        (["127.0.9.7"], "edge-1", "SN-2"),
    ]
    first = result.devices[0]
    assert (first.facts.vendor, first.profile, first.credential, first.found_by) == (
        "Cisco",
        "cisco-ios",
        "public",
        "snmp",
    )
    assert first.facts.management_address == f"127.0.9.3:{port}"
    assert (result.complete, result.counts.asked, result.counts.total) == (True, 14, 14)


async def test_a_device_with_several_addresses_is_one() -> None:
    claimed = switch("core-1", "SN-1", own=("127.0.9.3", "127.0.9.4"))
    with running({"127.0.9.3": claimed, "127.0.9.4": claimed, "127.0.9.5": claimed}) as (port, _):
        result = await swept(plan(port, parallel=1))
    [one] = result.devices
    assert sorted(one.addresses) == ["127.0.9.3", "127.0.9.4", "127.0.9.5"]


@pytest.mark.parametrize(
    ("other", "why"),
    [(switch("core-1", "SN-2"), "another serial number"), (switch("core-2", ""), "no serial number, another name")],
    ids=["another serial number", "another name"],
)
async def test_devices_that_look_alike_are_told_apart(other: dict[str, bytes], why: str) -> None:
    with running({"127.0.9.3": switch("core-1", "SN-1"), "127.0.9.4": other}) as (port, _):
        assert len((await swept(plan(port))).devices) == 2


async def test_an_address_that_is_only_claimed_hides_nobody() -> None:
    liar = switch("liar", "SN-6", own=("127.0.9.3", "127.0.9.4"))
    with running({"127.0.9.3": liar, "127.0.9.4": switch("victim", "SN-1")}) as (port, _):
        result = await swept(plan(port, parallel=1))
    assert sorted(one.facts.name or "" for one in result.devices) == ["liar", "victim"]


async def test_neighbours_are_followed_inside_the_allowed_networks_only() -> None:
    mibs = {
        "127.0.9.3": switch("core-1", "SN-1") | sees("127.0.9.20", "127.0.10.1", "127.0.9.66"),
        "127.0.9.20": switch("edge-1", "SN-2") | sees("127.0.9.21"),
        "127.0.9.21": switch("edge-2", "SN-3"),
        "127.0.10.1": switch("outside", "SN-4"),
        "127.0.9.66": switch("excluded", "SN-5"),
    }
    with running(mibs) as (port, devices):
        given = limits(port, networks=["127.0.9.0/24"], exclude=["127.0.9.64/28"])
        result = await swept(make_plan(given, communities("public"), [NETWORK]))
        assert [one.facts.name for one in result.devices] == ["core-1", "edge-1", "edge-2"]
        assert devices["127.0.10.1"].requests == []
        assert devices["127.0.9.66"].requests == []
        assert result.counts.skipped == 2
        one_step = await swept(
            make_plan(limits(port, networks=["127.0.9.0/27"], neighbours=1), communities("public"), [NETWORK])
        )
    assert [one.facts.name for one in one_step.devices] == ["core-1", "edge-1"]


async def test_thousands_of_neighbours_are_bounded() -> None:
    crowd = [f"127.9.{number // 250}.{number % 250 + 1}" for number in range(3000)]
    with running({"127.0.9.3": switch("core-1", "SN-1") | sees(*crowd)}) as (port, _):
        result = await swept(plan(port))
    assert len(result.devices[0].neighbours) <= 512


async def test_what_devices_say_is_made_printable() -> None:
    with running({"127.0.9.3": switch("co\x00re\x1b[31m-1\n", "SN\x07-1")}) as (port, _):
        [one] = (await swept(plan(port))).devices
    assert all(text is None or text.isprintable() for text in (one.facts.name, one.facts.serial_number))


async def test_no_device_sees_more_credentials_than_allowed() -> None:
    with running({"127.0.9.3": switch("core-1", "SN-1")}, community="right") as (port, devices):
        result = await swept(plan(port, "a", "b", "c", "right", max_tries=3, ask_silent=True))
        assert result.devices == []
        seen = [request.community for request in devices["127.0.9.3"].requests]
        assert sorted(seen) == [b"a", b"b", b"c"]


async def test_what_opened_it_the_last_time_comes_first() -> None:
    with running({"127.0.9.3": switch("core-1", "SN-1")}, community="right") as (port, devices):
        result = await swept(plan(port, "a", "b", "right"), opened_before={"127.0.9.3": "right"})
        assert {request.community for request in devices["127.0.9.3"].requests} <= {b"right", b"a", b"b"}
        assert devices["127.0.9.3"].requests[0].community == b"right"
    assert result.devices[0].credential == "right"


def test_version_3_is_tried_first_unless_an_order_is_given() -> None:
    user = SnmpCredential(version="3", username="monitor")
    both = {"lab": SnmpCredential(community=Secret("public")), "core": user}
    assert list(chosen([], both)) == ["core", "lab"]
    assert list(chosen(["lab", "core"], both)) == ["lab", "core"]


async def test_silence_costs_one_timeout_not_one_for_each_credential() -> None:
    with Device({}, address="127.0.9.3") as device:
        device.silent = True
        pace = Pace(5000, SystemClock())
        knocker = Knocker(communities("a", "b", "c"), pace, port=device.port, timeout_seconds=0.4)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await knocker.open(ip_address("127.0.9.3"), alive=False) is None
        assert loop.time() - began < 0.8
        assert len(device.requests) == 3


async def test_a_closed_port_ends_the_tries() -> None:
    knocker = Knocker(communities("a", "b", "c"), Pace(5000, SystemClock()), port=free_port(), timeout_seconds=1)
    assert await knocker.open(ip_address("127.0.9.3"), alive=True) is None
    assert knocker.refusals == 0


def test_too_many_addresses_are_refused_and_so_are_none() -> None:
    for networks, words in ((["127.0.0.0/8"], "more than max_addresses"), ([], "no address")):
        with pytest.raises(ValueError, match=words):
            make_plan(limits(161, networks=networks), communities("public"))
    assert make_plan(limits(161, networks=["127.0.0.0/8"], max_addresses=2**24), communities("public")).targets.size


async def test_an_interrupted_sweep_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "discovery" / "j"
    mibs = {f"127.0.9.{number}": switch(f"sw-{number}", f"SN-{number}") for number in (2, 6, 12)}
    with running(mibs) as (port, devices):
        given = plan(port, rate=200)
        ready = asyncio.Event()

        def watch(sweep: Sweep) -> None:
            async def stop_after_the_first() -> None:
                while len(sweep.finds) < 1:
                    await asyncio.sleep(0.005)
                ready.set()

            tasks.append(asyncio.create_task(stop_after_the_first()))

        tasks: list[asyncio.Task[None]] = []
        first = asyncio.create_task(swept(given, path, watch=watch))
        await ready.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        before = interrupted(path, given)
        assert before is not None
        found = {address for one in before.devices for address in one.addresses}
        assert found
        asked = {address: len(devices[address].requests) for address in found}
        assert interrupted(path, plan(port, only=("127.0.9.0/29",))) is None
        result = await swept(given, path, before)
        assert {address: len(devices[address].requests) for address in found} == asked
    assert (result.sweep, len(result.devices), path.exists()) == (before.sweep, 3, False)


async def test_a_sweep_ends_when_it_has_found_enough() -> None:
    mibs = {f"127.0.9.{number}": switch(f"sw-{number}", f"SN-{number}") for number in range(1, 7)}
    with running(mibs) as (port, _):
        result = await swept(plan(port, max_devices=2, parallel=1))
    assert not result.complete
    assert len(result.devices) < 6
