"""Where a device's name leads, without waiting for name servers more than needed.

Each look-up is a daemon thread of its own: the loop's executor has a handful of threads, so a few names whose servers
are silent would delay all others, and it is waited for when the agent stops. A name is looked up by one thread at a
time, however many devices and polls want to know.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from weakref import WeakKeyDictionary

from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.target import Target

_KNOWN_PATIENCE_SECONDS = 0.5  # an answer that is late serves the next poll

_Pending = dict[str, asyncio.Future[str]]
_pending: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pending] = WeakKeyDictionary()


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
    patience = target.dead_after_seconds if known is None else min(target.dead_after_seconds, _KNOWN_PATIENCE_SECONDS)
    try:
        async with asyncio.timeout(patience):
            return await asyncio.shield(_look_up(target.address))
    except (OSError, UnicodeError) as error:  # UnicodeError: a label too long for a name
        if known is not None:
            return known
        why = str(error) or "the name servers do not answer"
        message = f"{target.address}: the name does not resolve: {why}"
        raise SnmpError(SnmpFailure.UNREACHABLE, message) from error


def _look_up(name: str) -> asyncio.Future[str]:
    """The answer to come; the same for all who ask meanwhile."""
    loop = asyncio.get_running_loop()
    pending = _pending.setdefault(loop, {})
    found = pending.get(name)
    if found is None:
        found = pending[name] = loop.create_future()
        found.add_done_callback(lambda done: _forget(pending, name, done))
        threading.Thread(target=_ask, args=(name, loop, found), name=f"resolve {name}", daemon=True).start()
    return found


def _forget(pending: _Pending, name: str, done: asyncio.Future[str]) -> None:
    del pending[name]
    if not done.cancelled():
        done.exception()  # looked at, so that nobody complains when all who asked have gone


def _ask(name: str, loop: asyncio.AbstractEventLoop, found: asyncio.Future[str]) -> None:
    answer: str | Exception
    try:
        answer = str(socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)[0][4][0])
    except (OSError, UnicodeError) as error:
        answer = error
    try:
        loop.call_soon_threadsafe(_settle, found, answer)
    except RuntimeError:
        return  # the loop is closed: the agent has stopped meanwhile


def _settle(found: asyncio.Future[str], answer: str | Exception) -> None:
    if found.done():
        return
    if isinstance(answer, Exception):
        found.set_exception(answer)
    else:
        found.set_result(answer)
