"""Whether addresses answer an ICMP echo request: many addresses by one socket."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import os
import socket
from contextlib import suppress

from agent.discovery.ranges import IpAddress
from agent.probes.icmp import reply_to, request

_CONTENT = bytes(48)
_SEQUENCES = 0x10000
_ROUNDS = 256  # datagrams taken at once, so that a flood of replies does not keep the loop from the rest


class Pinger:
    """Sends echo requests and hears who answers, by one socket for each version of IP.

    A ping socket where the system allows it (net.ipv4.ping_group_range), a raw one with CAP_NET_RAW.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._token = os.urandom(8)
        self._identifier = int.from_bytes(os.urandom(2), "big")
        self._sequences = itertools.count()
        self._waiting: dict[IpAddress, asyncio.Future[bool]] = {}
        self._sockets: dict[int, socket.socket] = {}
        for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            plain = _open(family)
            if plain is not None:
                self._sockets[version] = plain
                self._loop.add_reader(plain.fileno(), self._readable, family, plain)

    def can(self, address: IpAddress) -> bool:
        """Whether the agent may ping at all."""
        return address.version in self._sockets

    async def ask(self, address: IpAddress, timeout_seconds: float) -> bool:
        """Whether the address answers one request in time."""
        answered = self._waiting.get(address)
        if answered is None:
            answered = self._waiting[address] = self._loop.create_future()
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        packet = request(family, self._identifier, next(self._sequences) % _SEQUENCES, self._token + _CONTENT)
        try:
            self._sockets[address.version].sendto(packet, (str(address), 0))
            async with asyncio.timeout(timeout_seconds):
                return await asyncio.shield(answered)
        except (TimeoutError, OSError):  # no route, refused by a firewall here, or no room to send: no answer
            return False
        finally:
            if self._waiting.get(address) is answered:
                del self._waiting[address]

    def close(self) -> None:
        """Give the sockets back."""
        for plain in self._sockets.values():
            self._loop.remove_reader(plain.fileno())
            plain.close()
        self._sockets.clear()

    def _readable(self, family: socket.AddressFamily, plain: socket.socket) -> None:
        for _ in range(_ROUNDS):
            try:
                packet, peer = plain.recvfrom(2048)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error for a request before
                continue
            if reply_to(family, packet, self._token, raw=plain.type == socket.SOCK_RAW) is None:
                continue
            self._hear(peer[0])

    def _hear(self, peer: str) -> None:
        with suppress(ValueError):
            answered = self._waiting.get(ipaddress.ip_address(peer.partition("%")[0]))
            if answered is not None and not answered.done():
                answered.set_result(True)


def _open(family: socket.AddressFamily) -> socket.socket | None:
    protocol = socket.IPPROTO_ICMP if family is socket.AF_INET else socket.IPPROTO_ICMPV6
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        with suppress(OSError):
            plain = socket.socket(family, kind, protocol)
            plain.setblocking(False)
            return plain
    return None
