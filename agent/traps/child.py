"""The process that receives traps: `python -m agent.traps.child`, started by the agent.

It reads its setup from standard input and writes what it received to standard output (`agent.traps.wire`). When
standard input ends, the agent has ended, however that was, and so does it.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec

from agent.traps import identity, socket_queue
from agent.traps.engine import TICK_SECONDS, Engine
from agent.traps.own_definitions import RENEW_SECONDS, OwnDefinitions
from agent.traps.receiver import Receiver
from agent.traps.wire import MOST_LINE_BYTES, Event, Message, Names, Ready, Setup
from core import log as logs
from core.errors import ConfigError, ForewatchError, StorageError
from core.log import get_logger

log = get_logger(__name__)

_AT_ONCE = 64  # datagrams between two looks at everything else
_SOCKET_BYTES = 4 * 2**20  # what the kernel may hold back for us; it gives less where it is told to
_WAITING_BYTES = 2**20  # events that the agent has not read yet
_MOST_MEMORY = 2**30
_ANY = asyncio.FIRST_COMPLETED
_NICE = 5  # where processors are short, polls come first


def main() -> None:
    """Receive until the agent ends; exit status 1 when that cannot be."""
    logs.configure()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's goes to the agent, which ends this
    with suppress(OSError):  # a service manager may forbid it
        os.nice(_NICE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    try:
        asyncio.run(_run())
    except ForewatchError as error:
        log.error("traps cannot be received", reason=error)
        sys.exit(1)


async def _run() -> None:
    agent, output = await _streams()
    line = await agent.readline()
    if not line:
        return
    setup = msgspec.json.decode(line, type=Setup)
    with closing(_open(setup.host, setup.port)) as sock:
        own = identity.begin(Path(setup.state_dir))
        definitions = OwnDefinitions(Path(setup.catalogue) if setup.catalogue else None)
        engine = Engine(own, setup.communities, setup.senders, _sender(sock))
        clocks = {"monotonic": time.monotonic, "now_ms": lambda: time.time_ns() // 1_000_000}
        receiver = Receiver(setup, definitions.read(), engine, output.put, **clocks)  # type: ignore[arg-type]
        output.put(Ready(own.engine_id.hex()))
        asyncio.get_running_loop().add_reader(sock, _drain, sock, receiver)
        working = {
            asyncio.ensure_future(_tick(engine, receiver, output, sock)),
            asyncio.ensure_future(_renew(definitions, receiver)),
        }
        try:
            await asyncio.wait({*working, asyncio.ensure_future(_obey(agent, receiver))}, return_when=_ANY)
        finally:
            for one in working:
                one.cancel()


async def _obey(agent: asyncio.StreamReader, receiver: Receiver) -> None:
    """Do what the agent says, until it has ended."""
    while line := await agent.readline():
        receiver.rename(msgspec.json.decode(line, type=Names).names)


async def _tick(engine: Engine, receiver: Receiver, output: Output, sock: socket.socket) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        engine.tick(time.monotonic())
        receiver.tick()
        receiver.lost(socket_queue.dropped(sock))
        output.put(receiver.stats())


async def _renew(definitions: OwnDefinitions, receiver: Receiver) -> None:
    """Read definitions of one's own again when they change; wrong ones are told and left alone."""
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        if not definitions.have_changed():
            continue
        try:
            receiver.reloaded(await asyncio.to_thread(definitions.read))
            log.info("definitions of traps read again")
        except ConfigError as error:
            receiver.reloaded(None)
            log.error("definitions of traps are wrong, the former hold", faults=error)


class Output:
    """Lines to the agent; what it does not read in time is not kept."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self._encoder = msgspec.json.Encoder()

    def put(self, message: Message) -> bool:
        """Whether there was room."""
        most = _WAITING_BYTES if isinstance(message, Event) else _WAITING_BYTES + MOST_LINE_BYTES
        if self._transport.is_closing() or self._transport.get_write_buffer_size() > most:
            return False
        self._transport.write(self._encoder.encode(message) + b"\n")
        return True


async def _streams() -> tuple[asyncio.StreamReader, Output]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=16 * 2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, sys.stdout)
    return reader, Output(transport)


def _open(host: str, port: int) -> socket.socket:
    """The socket that traps come to.

    Raises:
        StorageError: it cannot be opened; the message says what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BYTES)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        remedy = (
            "give the agent CAP_NET_BIND_SERVICE, or a port from 1024"
            if isinstance(error, PermissionError)
            else ("is another receiver of traps running? correct traps.listen")
        )
        raise StorageError(f"{host} port {port} cannot be opened: {os.strerror(error.errno or 0)}; {remedy}") from error
    return sock


def _sender(sock: socket.socket) -> Any:
    def send(data: bytes, address: Any) -> None:
        with suppress(OSError):  # an answer that cannot go now is asked for again
            sock.sendto(data, tuple(address))

    return send


def _drain(sock: socket.socket, receiver: Receiver) -> None:
    for _ in range(_AT_ONCE):
        try:
            data, address = sock.recvfrom(65_535)
        except BlockingIOError:
            return
        except OSError:  # what ICMP says about an answer of ours
            continue
        receiver.take(data, address)


if __name__ == "__main__":
    main()
