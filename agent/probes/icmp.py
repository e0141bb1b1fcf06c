"""ICMP echo (RFC 792, RFC 4443): loss and round-trip times, without privileges where the system allows it.

Linux gives ping sockets (SOCK_DGRAM) to the groups of net.ipv4.ping_group_range, for IPv6 too; otherwise CAP_NET_RAW is
needed.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import random
import socket
import struct
from dataclasses import dataclass, field

from agent.probes import families
from agent.probes.check import CheckFailed, Failure, Findings
from agent.probes.wire import Endpoint, look_up, note_address
from agent.resolve import Address
from core.clock import Clock

QUANTILES = (0.0, 0.5, 0.9, 0.99, 1.0)
_HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence
_ECHO = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}  # request and reply
_IP_RECVTTL = 12  # Linux: linux/in.h
_IPV6_RECVHOPLIMIT = 51
_numbers = itertools.count(random.randrange(0x10000))  # noqa: S311 - tells checks apart, is no secret


@dataclass(slots=True)
class _Round:
    """The packets of one check: when each was sent, how long each reply took."""

    token: bytes = field(default_factory=lambda: os.urandom(8))  # in every packet: replies to others are not ours
    sent: dict[int, float] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    hop_limit: int | None = None
    refusal: OSError | None = None


class IcmpCheck:
    """Sends some echo requests and waits for the replies.

    Args:
        packets: how many.
        spacing_seconds: between two.
        wait_seconds: for the last reply.
        size: bytes of payload, 8 at least.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        clock: Clock,
        *,
        packets: int = 5,
        spacing_seconds: float = 0.2,
        wait_seconds: float = 1.0,
        size: int = 56,
    ) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._packets = packets
        self._spacing_seconds = spacing_seconds
        self._wait_seconds = wait_seconds
        self._payload = max(size, 8)

    async def run(self, found: Findings) -> None:
        address = (await look_up(self._endpoint, found, families.ICMP_PHASES))[0]
        note_address(found, address)
        with found.timed(families.ICMP_PHASES, phase="setup"):
            plain = open_socket(address)
        trip = _Round()
        try:
            await self._exchange(plain, address, trip)
        finally:
            asyncio.get_running_loop().remove_reader(plain.fileno())
            plain.close()
        _note(found, trip)
        if not trip.seconds:
            raise trip.refusal or CheckFailed(Failure.LOSS, f"none of {len(trip.sent)} echo requests was answered")

    async def _exchange(self, plain: socket.socket, address: Address, trip: _Round) -> None:
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        def readable() -> None:
            if self._receive(plain, address, trip):
                done.set()

        loop.add_reader(plain.fileno(), readable)
        identifier = next(_numbers) & 0xFFFF
        for sequence in range(self._packets):
            if sequence:
                await self._clock.sleep(self._spacing_seconds)
            content = trip.token + bytes(self._payload - len(trip.token))
            trip.sent[sequence] = self._clock.monotonic()
            try:
                plain.send(request(address[0], identifier, sequence, content))
            except BlockingIOError:
                continue  # no room to send: as good as lost
            except OSError as error:  # no route, or an ICMP error that came back for the packet before
                trip.refusal = error
        try:
            async with asyncio.timeout(self._wait_seconds):
                await done.wait()
        except TimeoutError:
            return  # what has not come is lost

    def _receive(self, plain: socket.socket, address: Address, trip: _Round) -> bool:
        """Take what has come; returns whether that was all."""
        while True:
            try:
                packet, ancillary, _, _ = plain.recvmsg(65_535, 256)
            except BlockingIOError:
                return len(trip.seconds) == self._packets
            except OSError as error:
                trip.refusal = error
                return False
            sequence = reply_to(address[0], packet, trip.token, raw=plain.type == socket.SOCK_RAW)
            if sequence in trip.sent and sequence not in trip.seconds:
                trip.seconds[sequence] = self._clock.monotonic() - trip.sent[sequence]
                trip.hop_limit = _hop_limit(ancillary)


def open_socket(address: Address) -> socket.socket:
    """A socket for echo requests, connected so that only this address' packets come.

    Raises:
        CheckFailed: the agent may not have one.
        OSError: the address cannot be reached.
    """
    family, host = address
    protocol = socket.IPPROTO_ICMP if family is socket.AF_INET else socket.IPPROTO_ICMPV6
    try:
        plain = socket.socket(family, socket.SOCK_DGRAM, protocol)
    except OSError:
        try:
            plain = socket.socket(family, socket.SOCK_RAW, protocol)
        except PermissionError as error:
            remedy = "set the sysctl net.ipv4.ping_group_range to the agent's group, or give it CAP_NET_RAW"
            raise CheckFailed(Failure.PERMISSION, f"the agent may not ping; {remedy}") from error
    try:
        plain.setblocking(False)
        if family is socket.AF_INET:
            plain.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
        else:
            plain.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVHOPLIMIT, 1)
        bare, _, zone = host.partition("%")
        scope = socket.if_nametoindex(zone) if zone else 0
        plain.connect((bare, 0) if family is socket.AF_INET else (bare, 0, 0, scope))
    except BaseException:
        plain.close()
        raise
    return plain


def request(family: socket.AddressFamily, identifier: int, sequence: int, content: bytes) -> bytes:
    """An echo request; the kernel makes the checksum of ICMPv6 itself."""
    head = _HEADER.pack(_ECHO[family][0], 0, 0, identifier, sequence)
    checksum = 0 if family is socket.AF_INET6 else internet_checksum(head + content)
    return _HEADER.pack(_ECHO[family][0], 0, checksum, identifier, sequence) + content


def internet_checksum(content: bytes) -> int:
    """RFC 1071: the complement of the ones' complement sum of 16-bit words."""
    padded = content + b"\0" * (len(content) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def reply_to(family: socket.AddressFamily, packet: bytes, token: bytes, *, raw: bool) -> int | None:
    """The sequence of an echo reply that holds the token; None for any other packet.

    A raw socket gives IPv4 packets with their IP header.
    """
    if raw and family is socket.AF_INET:
        packet = packet[(packet[0] & 0x0F) * 4 :] if packet else b""
    if len(packet) < _HEADER.size:
        return None
    fields: tuple[int, ...] = _HEADER.unpack_from(packet)
    if fields[0] != _ECHO[family][1] or not packet.startswith(token, _HEADER.size):
        return None
    return fields[4]


def quantile(ordered: list[float], share: float) -> float:
    """The nearest-rank quantile of ordered values, one at least."""
    rank = math.ceil(share * len(ordered))
    return ordered[max(rank, 1) - 1]


def _hop_limit(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    values = [int.from_bytes(data, "little") for _, _, data in ancillary if len(data) == 4]
    return values[0] if values else None


def _note(found: Findings, trip: _Round) -> None:
    sent, received = len(trip.sent), len(trip.seconds)
    found.note(families.ICMP_SENT, sent)
    found.note(families.ICMP_RECEIVED, received)
    found.note(families.ICMP_LOSS, 1 - received / sent)
    if trip.hop_limit is not None:
        found.note(families.ICMP_HOP_LIMIT, trip.hop_limit)
    ordered = sorted(trip.seconds.values())
    if ordered:
        found.note(families.ICMP_PHASES, quantile(ordered, 0.5), phase="rtt")
        for share in QUANTILES:
            found.note(families.ICMP_RTT, quantile(ordered, share), quantile=f"{share:g}")
