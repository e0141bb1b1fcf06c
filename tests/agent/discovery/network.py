"""A small network on loopback: switches at addresses of 127.0.9.0/24, all at one port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from agent.config import SnmpCredential
from agent.config.discovery import DiscoveryConfig
from agent.discovery.journal import Progress
from agent.discovery.plan import Plan, make_plan
from agent.discovery.session import Swept, sweep
from agent.discovery.sweep import Sweep
from agent.snmp.configured import library_of
from agent.snmp.profiles.reading import Chooser
from core.clock import SystemClock
from core.config import Duration, Secret
from tests.servers import ber
from tests.servers.device import Device
from tests.servers.ports import free_port
from tests.servers.switch import ENTITY, switch_mib

NETWORK = "127.0.9.0/28"
LLDP = "1.0.8802.1.1.2.1.4"
_NAME, _SERIAL = "1.3.6.1.2.1.1.5.0", f"{ENTITY}.11.2"
_MAC = "1.3.6.1.2.1.2.2.1.6"
_OWN_ADDRESS = "1.3.6.1.2.1.4.20.1.2"

Mib = dict[str, bytes]


def switch(name: str, serial: str, *, own: tuple[str, ...] = ()) -> Mib:
    """A switch of that name and serial number (none when empty) that claims the addresses."""
    mib = switch_mib() | {_NAME: ber.octets(name.encode()), _SERIAL: ber.octets(serial.encode())}
    digits = sum(serial.encode()) % 256
    mib |= {f"{_MAC}.{port}": ber.octets(bytes((0x00, 0x1B, 0x21, digits, len(name), port))) for port in (1, 2)}
    return mib | {f"{_OWN_ADDRESS}.{address}": ber.integer(1) for address in own}


def sees(*addresses: str) -> Mib:
    """LLDP neighbours with these management addresses."""
    mib: Mib = {}
    for number, address in enumerate(addresses, start=1):
        index = f"0.1.{number}"
        mib[f"{LLDP}.1.1.4.{index}"] = ber.integer(4)
        mib[f"{LLDP}.1.1.5.{index}"] = ber.octets(bytes((0, 0x1B, 0x21, 9, 9, number % 256)))
        mib[f"{LLDP}.1.1.6.{index}"] = ber.integer(5)
        mib[f"{LLDP}.1.1.7.{index}"] = ber.octets(b"Gi0/%d" % number)
        mib[f"{LLDP}.1.1.9.{index}"] = ber.octets(b"neighbour-%d" % number)
        mib[f"{LLDP}.2.1.3.{index}.1.4.{address}"] = ber.integer(2)
    return mib


@contextmanager
def running(mibs: dict[str, Mib], **how: Any) -> Iterator[tuple[int, dict[str, Device]]]:
    """The port, and the devices by address."""
    with ExitStack() as stack:
        port = free_port()
        devices = {
            address: stack.enter_context(Device(mib, address=address, port=port, **how))
            for address, mib in mibs.items()
        }
        yield port, devices


def limits(port: int, **changes: Any) -> DiscoveryConfig:
    usual = {
        "networks": [NETWORK],
        "snmp_port": port,
        "rate": 5000,
        "hosts": False,
        "ports": (),
        "timeout": Duration(0.3),
    }
    return DiscoveryConfig(**(usual | changes))


def communities(*names: str) -> dict[str, SnmpCredential]:
    return {name: SnmpCredential(community=Secret(name)) for name in names}


def plan(port: int, *tried: str, only: tuple[str, ...] = (), **changes: Any) -> Plan:
    return make_plan(limits(port, **changes), communities(*(tried or ("public",))), only)


async def swept(of: Plan, path: Path | None = None, before: Progress | None = None, **how: Any) -> Swept:
    return await sweep(of, Chooser(library_of(None)), SystemClock(), path=path, targets=[], before=before, **how)


__all__ = ["NETWORK", "Sweep", "communities", "limits", "plan", "running", "sees", "swept", "switch"]
