"""The host's network interfaces, from psutil and `/sys/class/net` (the kernel's ABI document sysfs-class-net)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import psutil

from agent.probes.host.files import Files
from core.facts import InterfaceFacts

_UP = 0x1  # IFF_UP, netdevice(7)
_MBIT = 1_000_000
_NO_MAC = "00:00:00:00:00:00"
_CONTAINER_END = "veth"  # the outer end of a container's link, here today and gone tomorrow

# ARPHRD numbers of <linux/if_arp.h> as IANAifType names.
_TYPES = {
    "1": "ethernetCsmacd",
    "32": "infiniband",
    "512": "ppp",
    "768": "tunnel",
    "769": "tunnel",
    "772": "softwareLoopback",
    "776": "tunnel",
    "778": "tunnel",
    "801": "ieee80211",
    "803": "ieee80211",
}


class Address(Protocol):
    """What is used of psutil's `snicaddr`."""

    @property
    def family(self) -> int: ...
    @property
    def address(self) -> str: ...


class State(Protocol):
    """What is used of psutil's `snicstats`; `speed` is in Mbit/s, 0 when unknown."""

    @property
    def isup(self) -> bool: ...
    @property
    def speed(self) -> int: ...


def read_interfaces(sys: Files) -> list[InterfaceFacts]:
    """Every interface but those of containers, in the kernel's order."""
    states: Mapping[str, State] = psutil.net_if_stats()
    found = [
        interface_facts(name, addresses, states.get(name), _reader(sys, name))
        for name, addresses in psutil.net_if_addrs().items()
        if not name.startswith(_CONTAINER_END)
    ]
    return sorted(found, key=lambda facts: (facts.index is None, facts.index, facts.name))


def interface_facts(
    name: str, addresses: Sequence[Address], state: State | None, attribute: Callable[[str], str | None]
) -> InterfaceFacts:
    """One interface; `attribute` gives sysfs attributes and None for those that are not there."""
    index, flags = attribute("ifindex"), attribute("flags")
    speed = state.speed if state else 0
    return InterfaceFacts(
        index=int(index) if index and index.isdecimal() else None,
        name=name,
        alias=attribute("ifalias"),
        descr=name,
        type=_TYPES.get(attribute("type") or ""),
        mac=_mac(addresses),
        speed_bps=speed * _MBIT if 0 < speed < 0xFFFF_FFFF and speed != 0xFFFF else None,
        admin_up=bool(int(flags, 16) & _UP) if flags else (state.isup if state else None),
        oper_up=_oper_up(attribute("operstate"), state),
        addresses=_addresses(addresses),
    )


def _oper_up(operstate: str | None, state: State | None) -> bool | None:
    # Drivers without carrier detection (loopback, tunnels) say "unknown" for ever; then the running flag counts.
    if operstate is None or operstate == "unknown":
        return state.isup if state else None
    return operstate == "up"


def _mac(addresses: Iterable[Address]) -> str | None:
    hardware = (entry.address.lower().replace("-", ":") for entry in addresses if entry.family == psutil.AF_LINK)
    return next((mac for mac in hardware if mac != _NO_MAC), None)


def _addresses(addresses: Iterable[Address]) -> list[str]:
    return [
        entry.address.partition("%")[0]  # the zone of a link-local address is the interface itself
        for entry in addresses
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    ]


def _reader(sys: Files, name: str) -> Callable[[str], str | None]:
    return lambda attribute: sys.first_line(f"class/net/{name}/{attribute}")
