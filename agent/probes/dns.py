"""A name server asked for a record, by UDP (then TCP when the answer is cut) or TCP."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

from agent import patterns
from agent.probes import families
from agent.probes.check import CheckFailed, Failure, Findings
from agent.probes.datagram import exchange
from agent.probes.dns_message import RCODES, Message, parse, query
from agent.probes.wire import Endpoint, connected

_SPELLED = {number: name for name, number in RCODES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsSettings:
    """What is asked and what is expected.

    Attributes:
        expect_answers: patterns of which each must be in a record as a zone file writes it.
        reject_answers: patterns that no record may have.
    """

    query: str
    record: str = "A"
    protocol: str = "udp"
    recursion: bool = True
    expect_rcode: str = "NOERROR"
    expect_answers: tuple[str, ...] = ()
    reject_answers: tuple[str, ...] = ()


class DnsCheck:
    """Asks one server one question."""

    def __init__(self, endpoint: Endpoint, settings: DnsSettings) -> None:
        self._endpoint = endpoint
        self._settings = settings

    async def run(self, found: Findings) -> None:
        for phase in ("resolve", "connect", "request"):
            found.note(families.DNS_PHASES, 0, phase=phase)
        found.note(families.DNS_SUCCEEDED, 0)
        answer = await self._ask(found, self._settings.protocol)
        if answer.truncated and self._settings.protocol == "udp":
            answer = await self._ask(found, "tcp")
        found.note(families.DNS_SUCCEEDED, 1)
        self._note(found, answer)
        self._judge(answer)

    async def _ask(self, found: Findings, protocol: str) -> Message:
        settings = self._settings
        identifier = random.getrandbits(16)
        message = query(settings.query, settings.record, identifier, recursion=settings.recursion)

        def read(content: bytes) -> Message:
            return parse(content, identifier, message[12:])

        if protocol == "udp":
            return await exchange(self._endpoint, message, found, families.DNS_PHASES, read)
        async with connected(self._endpoint, found, families.DNS_PHASES) as wire:
            with found.timed(families.DNS_PHASES, phase="request"):
                await wire.send(struct.pack("!H", len(message)) + message)
                (size,) = struct.unpack("!H", await wire.exactly(2))
                content = await wire.exactly(size)
        try:
            return read(content)
        except ValueError as error:
            raise CheckFailed(Failure.PROTOCOL, str(error)) from error

    @staticmethod
    def _note(found: Findings, answer: Message) -> None:
        found.note(families.DNS_RCODE, answer.rcode)
        for family, count in zip(
            (families.DNS_ANSWERS, families.DNS_AUTHORITIES, families.DNS_ADDITIONALS), answer.counts, strict=True
        ):
            found.note(family, count)
        for record in answer.answers:
            if record.type == "SOA":
                found.note(families.DNS_SERIAL, int(record.data.split()[2]))

    def _judge(self, answer: Message) -> None:
        settings = self._settings
        if answer.rcode != RCODES[settings.expect_rcode]:
            told = _SPELLED.get(answer.rcode, str(answer.rcode))
            raise CheckFailed(Failure.STATUS, f"the server says {told}, not {settings.expect_rcode}")
        lines = [str(record).encode() for record in answer.answers]
        for pattern in settings.expect_answers:
            if not any(patterns.found(pattern, line) for line in lines):
                raise CheckFailed(Failure.CONTENT, f"none of {len(lines)} records is like {pattern!r}")
        for pattern in settings.reject_answers:
            wrong = next((line for line in lines if patterns.found(pattern, line)), None)
            if wrong is not None:
                raise CheckFailed(Failure.CONTENT, f"{wrong.decode()[:200]!r} is like {pattern!r}")
