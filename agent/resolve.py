"""Names to addresses by the system's resolver (hosts file, search list, nsswitch), off the event loop.

getaddrinfo(3) can neither be cancelled nor given a time limit. Each look-up has a daemon thread: one that hangs keeps
neither the loop nor the end of the process, and only so many may hang at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from functools import partial

MOST_LOOKUPS = 32

Address = tuple[socket.AddressFamily, str]

_slots = threading.BoundedSemaphore(MOST_LOOKUPS)


async def resolve(host: str, ip_version: int | None = None) -> list[Address]:
    """The addresses of a host, in the resolver's order; a literal address is its own. A zone index is kept.

    Args:
        host: a name or an IP address.
        ip_version: 4 or 6 to have these only.

    Raises:
        socket.gaierror: there is no such name, or no address of this version.
        OSError: too many look-ups have not ended, or there is no thread left.
    """
    literal = _literal(host)
    if literal is not None:
        found = [literal]
    else:
        found = await _look_up(host)
    wanted = {4: socket.AF_INET, 6: socket.AF_INET6}.get(ip_version or 0)
    kept = [address for address in dict.fromkeys(found) if wanted in (None, address[0])]
    if not kept:
        raise socket.gaierror(socket.EAI_NONAME, f"{host} has no IPv{ip_version or '4 or 6'} address")
    return kept


def _literal(host: str) -> Address | None:
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return None
    return (socket.AF_INET if version == 4 else socket.AF_INET6), host


async def _look_up(host: str) -> list[Address]:
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[list[Address]] = loop.create_future()
    if not _slots.acquire(blocking=False):
        raise OSError(f"{MOST_LOOKUPS} look-ups of names have not ended; is the name server reachable?")

    def work() -> None:
        try:
            entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            result: list[Address] = [(entry[0], str(entry[4][0])) for entry in entries]
            settle = partial(_settle, answered, result, None)
        except (OSError, UnicodeError) as error:
            settle = partial(_settle, answered, [], error)
        finally:
            _slots.release()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle)

    try:
        threading.Thread(target=work, name="resolver", daemon=True).start()
    except RuntimeError as error:
        _slots.release()
        raise OSError(str(error)) from error
    return await answered


def _settle(future: asyncio.Future[list[Address]], found: list[Address], error: Exception | None) -> None:
    if future.done():
        return  # nobody waits any more
    if error is None:
        future.set_result(found)
    elif isinstance(error, OSError):
        future.set_exception(error)
    else:
        future.set_exception(socket.gaierror(socket.EAI_NONAME, f"is no host name: {error}"))
