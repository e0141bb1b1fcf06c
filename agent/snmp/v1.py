"""SNMP version 1 (RFC 1157): no GETBULK, no 64-bit counters, and one object that is not there fails a whole GET."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import partial

from agent.snmp import ber, pdu
from agent.snmp.ber import BerError
from agent.snmp.codec_wire import CodecWire
from agent.snmp.pdu import Pdu

_VERSION = 0


class V1Wire(CodecWire):
    """A `Wire` of version 1."""

    most_oids = 16  # a response fits in the 484 octets that every device takes, RFC 1157 section 4
    most_repetitions = 1
    walks_by = pdu.GET_NEXT

    async def _request(self, tag: int, oids: Sequence[str], repetitions: int = 0, *, retries: int | None = None) -> Pdu:  # noqa: ARG002 - GETNEXT has none
        number = secrets.randbits(31)
        body = pdu.encode(tag, number, oids)
        message = ber.sequence(ber.integer(_VERSION), ber.octets(self._target.community.encode()), body)
        return await self.exchange.ask(partial(self._send, message), partial(self._answer, number), retries=retries)

    def _answer(self, number: int) -> Pdu:
        """What came; BlockingIOError when it answers something else."""
        data = self._receive()
        try:
            answer = self._decode(data)
        except BerError as error:
            raise self._malformed(error) from error
        if answer is None or answer.tag != pdu.RESPONSE or answer.request_id != number:
            raise BlockingIOError
        return answer

    def _decode(self, data: bytes) -> Pdu | None:
        """None for a message of another community, or of another version."""
        at, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
        version, at = ber.read_integer(data, at, end)
        community, at = ber.read_octets(data, at, end)
        if version != _VERSION or community != self._target.community.encode():
            return None
        return pdu.decode(data, at, end)
