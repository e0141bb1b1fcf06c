"""An NTP server's clock beside this machine's, as a simple client asks (RFC 5905, section 14)."""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass

from agent.probes import families
from agent.probes.check import CheckFailed, Failure, Findings
from agent.probes.datagram import exchange
from agent.probes.wire import Endpoint

_PACKET = struct.Struct("!BBbbII4sQ8sQQ")
_SINCE_1900 = 2_208_988_800  # seconds from NTP's epoch to Unix'
_ERA = 2**32
_CLIENT = 4 << 3 | 3  # version 4, mode client
_SERVER = 4  # mode
_UNSYNCHRONISED = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says; times are seconds of the Unix epoch, spans in seconds."""

    leap: int
    stratum: int
    root_delay: float
    root_dispersion: float
    received_at: float
    sent_at: float
    reference: bytes


class NtpCheck:
    """Asks once; a server that says that its own clock is not right is a failure."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def run(self, found: Findings) -> None:
        cookie = os.urandom(8)  # in place of our time, which is nobody's business
        arrived: list[float] = []

        def read(packet: bytes) -> Answer:
            answer = parse(packet, cookie, now())
            arrived.append(now())
            return answer

        asked_at = now()
        answer = await exchange(self._endpoint, request(cookie), found, families.CONNECT_PHASES, read)
        offset, rtt = compare(asked_at, answer, arrived[-1])
        found.note(families.NTP_STRATUM, answer.stratum)
        found.note(families.NTP_LEAP, answer.leap)
        if answer.stratum == 0:
            raise CheckFailed(Failure.STATUS, f"the server does not serve: {answer.reference!r}")
        found.note(families.NTP_OFFSET, offset)
        found.note(families.NTP_RTT, rtt)
        found.note(families.NTP_ROOT_DELAY, answer.root_delay)
        found.note(families.NTP_ROOT_DISPERSION, answer.root_dispersion)
        if answer.leap == _UNSYNCHRONISED or answer.stratum > 15:
            raise CheckFailed(Failure.STATUS, "the server is not synchronised")


def now() -> float:
    """This machine's clock, which is what is measured here, to the microsecond."""
    return time.time()


def request(cookie: bytes) -> bytes:
    """A client's packet."""
    return bytes([_CLIENT]) + bytes(39) + cookie


def parse(packet: bytes, cookie: bytes, near: float) -> Answer:
    """A server's packet.

    Args:
        packet: the datagram.
        cookie: what our packet had as its time; an answer to another one is none.
        near: a time not more than 68 years off, to tell NTP's eras apart.

    Raises:
        ValueError: it is no answer to our packet.
    """
    if len(packet) < _PACKET.size:
        raise ValueError("shorter than a packet of NTP")
    first, stratum, _, _, delay, dispersion, reference, _, origin, received, sent = _PACKET.unpack_from(packet)
    if first & 7 != _SERVER or origin != cookie:
        raise ValueError("no answer to our packet")
    return Answer(
        leap=first >> 6,
        stratum=stratum,
        root_delay=delay / 2**16,
        root_dispersion=dispersion / 2**16,
        received_at=_unix(received, near),
        sent_at=_unix(sent, near),
        reference=reference,
    )


def compare(asked_at: float, answer: Answer, arrived_at: float) -> tuple[float, float]:
    """Offset of the server's clock and round-trip time; half of that is the most that the offset can be wrong by."""
    offset = ((answer.received_at - asked_at) + (answer.sent_at - arrived_at)) / 2
    return offset, max((arrived_at - asked_at) - (answer.sent_at - answer.received_at), 0.0)


def _unix(timestamp: int, near: float) -> float:
    """A time of NTP's 64 bits in the era that is nearest."""
    seconds = timestamp / 2**32 - _SINCE_1900
    return seconds + round((near - seconds) / _ERA) * _ERA
