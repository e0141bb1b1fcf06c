"""What a service manager is told: sd_notify(3) over the datagram socket that `NOTIFY_SOCKET` names.

systemd starts what waits for the agent once it says READY, and restarts an agent whose event loop no longer turns:
its silence is longer than `WATCHDOG_USEC` then. Without a service manager nothing is said.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Mapping

from core.clock import Clock

# The part of the watchdog's time between two signs of life: sd_watchdog_enabled(3) asks for a half or less.
_SHARE = 0.25


@contextlib.asynccontextmanager
async def watched(clock: Clock, environment: Mapping[str, str] | None = None) -> AsyncIterator[None]:
    """Say READY, and a sign of life every quarter of the watchdog's time; STOPPING at the end."""
    environment = os.environ if environment is None else environment
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        yield
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.setblocking(False)
        tell = _Teller(channel, address)
        tell(b"READY=1")
        signs = asyncio.ensure_future(_signs(tell, clock, _watchdog_seconds(environment)))
        try:
            yield
        finally:
            tell(b"STOPPING=1")
            signs.cancel()
            await asyncio.gather(signs, return_exceptions=True)


class _Teller:
    def __init__(self, channel: socket.socket, address: str) -> None:
        self._channel = channel
        # A leading @ stands for the zero byte of an abstract address (unix(7)).
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def __call__(self, state: bytes) -> None:
        with contextlib.suppress(OSError):  # nobody listens, or not now: collecting is what matters
            self._channel.sendto(state, self._address)


async def _signs(tell: _Teller, clock: Clock, watchdog_seconds: float | None) -> None:
    while watchdog_seconds is not None:
        await clock.sleep(watchdog_seconds * _SHARE)
        tell(b"WATCHDOG=1")


def _watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    """How long the service manager bears silence; None when it does not watch this process."""
    micros = environment.get("WATCHDOG_USEC", "")
    meant = environment.get("WATCHDOG_PID") or str(os.getpid())
    if not micros.isdecimal() or int(micros) == 0 or meant != str(os.getpid()):
        return None
    return int(micros) / 1e6
