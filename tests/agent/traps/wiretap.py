"""Between a device and the receiver: hears all that is sent. And an inform, octet by octet."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Self

from agent.snmp.ber import encode_oid, integer, octets, sequence, tlv

_INFORM, _TIME_TICKS = 0xA6, 0x43


def inform(request: int, uptime: int, oid: str) -> bytes:
    """An inform of version 2c with a request-id and a sysUpTime below 2^15."""
    bound = sequence(
        sequence(encode_oid("1.3.6.1.2.1.1.3.0"), tlv(_TIME_TICKS, uptime.to_bytes(2, "big"))),
        sequence(encode_oid("1.3.6.1.6.3.1.1.4.1.0"), encode_oid(oid)),
    )
    return sequence(integer(1), octets(b"public"), tlv(_INFORM, integer(request) + integer(0) + integer(0) + bound))


class Wiretap(asyncio.DatagramProtocol):
    """Passes datagrams to a port of loopback and answers back.

    Attributes:
        port: where the device sends to.
        heard: what it sent.
    """

    def __init__(self, to: int) -> None:
        self.heard: list[bytes] = []
        self._to = ("127.0.0.1", to)
        self._device: Any = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0), family=socket.AF_INET
        )
        self.port = int(self._transport.get_extra_info("sockname")[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if addr == self._to:
            self._transport.sendto(data, self._device)
            return
        self._device = addr
        self.heard.append(data)
        self._transport.sendto(data, self._to)
