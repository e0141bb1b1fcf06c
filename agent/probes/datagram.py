"""One question and its answer by UDP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TypeVar

from agent.probes.check import Findings
from agent.probes.wire import Endpoint, look_up, note_address
from agent.sample import Family

T = TypeVar("T")

ASK_AGAIN_SECONDS = 1.0  # datagrams get lost
_MOST_TRIES = 3


async def exchange(
    endpoint: Endpoint, question: bytes, found: Findings, phases: Family, read: Callable[[bytes], T]
) -> T:
    """What `read` makes of the first datagram that it takes; waits as long as the check may.

    The question is asked three times at most. The socket is connected: datagrams from elsewhere do not come, and a
    closed port is an error at once. `read` raises ValueError for what is no answer to this question; another datagram
    is waited for then.

    Raises:
        OSError: the target cannot be reached, or nobody listens there.
    """
    family, host = (await look_up(endpoint, found, phases))[0]
    note_address(found, (family, host))
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as plain:
        plain.setblocking(False)
        with found.timed(phases, phase="connect"):
            plain.connect((host, endpoint.port))
        with found.timed(phases, phase="request"):
            for _ in range(_MOST_TRIES - 1):
                await loop.sock_sendall(plain, question)
                try:
                    async with asyncio.timeout(ASK_AGAIN_SECONDS):
                        return await _read(loop, plain, read)
                except TimeoutError:
                    continue
            await loop.sock_sendall(plain, question)
            return await _read(loop, plain, read)


async def _read(loop: asyncio.AbstractEventLoop, plain: socket.socket, read: Callable[[bytes], T]) -> T:
    while True:
        content = await loop.sock_recv(plain, 65_535)
        try:
            return read(content)
        except ValueError:
            continue
