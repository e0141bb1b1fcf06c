"""Where a device's name leads, without waiting for name servers twice.

Each look-up is a daemon thread of its own: the loop's executor has a handful of threads, so a few names whose servers
are silent would delay all others, and it is waited for when the agent stops.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading

from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.target import Target


async def resolve(target: Target, known: str | None) -> str:
    """The literal IP address of a target.

    While the name servers are away, where the name led before counts: their trouble is not the devices'.

    Raises:
        SnmpError: the name leads nowhere, and never did.
    """
    try:
        return str(ipaddress.ip_address(target.address))
    except ValueError:
        pass
    try:
        async with asyncio.timeout(target.dead_after_seconds):
            return await _look_up(target.address)
    except (OSError, UnicodeError) as error:  # UnicodeError: a label too long for a name
        if known is not None:
            return known
        message = f"{target.address}: the name does not resolve: {error or 'no answer from the name servers'}"
        raise SnmpError(SnmpFailure.UNREACHABLE, message) from error


async def _look_up(name: str) -> str:
    loop = asyncio.get_running_loop()
    found: asyncio.Future[str] = loop.create_future()

    def settle(address: str | Exception) -> None:
        if found.done():
            return
        if isinstance(address, Exception):
            found.set_exception(address)
        else:
            found.set_result(address)

    def look_up() -> None:
        address: str | Exception
        try:
            address = str(socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)[0][4][0])
        except (OSError, UnicodeError) as error:
            address = error
        try:
            loop.call_soon_threadsafe(settle, address)
        except RuntimeError:
            return  # the loop is closed: the agent has stopped meanwhile

    threading.Thread(target=look_up, name=f"resolve {name}", daemon=True).start()
    return await found
