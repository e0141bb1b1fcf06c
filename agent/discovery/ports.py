"""Which TCP ports of a host take connections, and what that says of a host without SNMP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Sequence

from agent.discovery.pace import Pace
from agent.discovery.ranges import IpAddress

_WINDOWS = frozenset({3389, 5985, 5986, 9182, 445})
_PRINTER = frozenset({9100, 515, 631})
_CAMERA = frozenset({554, 8554})


async def open_ports(address: IpAddress, ports: Sequence[int], timeout_seconds: float, pace: Pace) -> list[int]:
    """Those of the ports that take a connection; nothing is sent over it."""
    found = []
    for port in ports:
        await pace.turn()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                _, writer = await asyncio.open_connection(str(address), port)
            writer.transport.abort()
            found.append(port)
    return found


def class_by_ports(ports: Collection[int]) -> str | None:
    """The class that the open ports of a host suggest; None when they could be anybody's.

    9100 is a printer's raw port and node_exporter's too: with SSH it is no printer.
    """
    found = set(ports)
    if found & _WINDOWS:
        return "server"
    if found & _PRINTER and 22 not in found:
        return "printer"
    if found & _CAMERA:
        return "camera"
    if {22, 9100} <= found:
        return "server"
    return None
