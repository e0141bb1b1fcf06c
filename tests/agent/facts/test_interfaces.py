from __future__ import annotations

import socket
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from agent.facts.interfaces import interface_facts, read_interfaces
from agent.probes.host.files import Files
from core.facts import InterfaceFacts


class Entry(NamedTuple):
    family: int
    address: str


class State(NamedTuple):
    isup: bool
    speed: int


def facts(state: State | None = None, entries: tuple[Entry, ...] = (), **sysfs: str) -> InterfaceFacts:
    return interface_facts("eth0", entries, state, sysfs.get)


def test_an_interface_in_full() -> None:
    entries = (
        Entry(socket.AF_INET, "10.0.0.5"),
        Entry(socket.AF_INET6, "fe80::1%eth0"),
        Entry(psutil.AF_LINK, "02-FC-00-00-00-01"),
    )
    shown = facts(
        State(True, 10_000), entries, ifindex="4", type="1", flags="0x1003", operstate="up", ifalias="to core-1 Te1/4"
    )
    assert shown == InterfaceFacts(
        index=4,
        name="eth0",
        alias="to core-1 Te1/4",
        descr="eth0",
        type="ethernetCsmacd",
        mac="02:fc:00:00:00:01",
        speed_bps=10_000_000_000,
        admin_up=True,
        oper_up=True,
        addresses=["10.0.0.5", "fe80::1"],
    )


@pytest.mark.parametrize(
    ("flags", "operstate", "isup", "admin_up", "oper_up", "reason"),
    [
        ("0x1003", "up", True, True, True, "in use"),
        ("0x1003", "down", False, True, False, "the cable is out"),
        ("0x1002", "down", False, False, False, "switched off"),
        ("0x1003", "lowerlayerdown", True, True, False, "a VLAN whose trunk is down"),
        ("0x9", "unknown", True, True, True, "loopback: the driver cannot tell"),
        (None, None, True, True, True, "no sysfs, as on other systems"),
        (None, None, None, None, None, "nothing known"),
    ],
)
def test_admin_and_oper_state(
    flags: str | None,
    operstate: str | None,
    isup: bool | None,
    admin_up: bool | None,
    oper_up: bool | None,
    reason: str,
) -> None:
    sysfs = {name: text for name, text in (("flags", flags), ("operstate", operstate)) if text}
    shown = facts(None if isup is None else State(isup, 0), **sysfs)
    assert (shown.admin_up, shown.oper_up) == (admin_up, oper_up), reason


@pytest.mark.parametrize("speed", [0, 0xFFFF, 0xFFFF_FFFF, -1])
def test_an_unknown_speed_is_none(speed: int) -> None:
    assert facts(State(True, speed)).speed_bps is None


def test_an_interface_without_hardware_has_no_mac() -> None:
    assert facts(None, (Entry(psutil.AF_LINK, "00:00:00:00:00:00"),)).mac is None


def test_the_loopback_of_this_host_is_found() -> None:
    loopback = next(found for found in read_interfaces(Files(Path("/sys"))) if "127.0.0.1" in found.addresses)
    assert loopback.type == "softwareLoopback"
    assert loopback.oper_up is True
    assert loopback.mac is None
