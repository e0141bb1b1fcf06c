"""A datagram and the answer that is expected; a closed port is refused, silence is a timeout."""

from __future__ import annotations

from agent import patterns
from agent.probes import families
from agent.probes.check import CheckFailed, Failure, Findings
from agent.probes.datagram import exchange
from agent.probes.wire import Endpoint


class UdpCheck:
    """Sends, and takes the first answer; `expect` is an RE2 expression that it must have, None takes any."""

    def __init__(self, endpoint: Endpoint, *, send: bytes, expect: str | None) -> None:
        self._endpoint = endpoint
        self._send = send
        self._expect = expect

    async def run(self, found: Findings) -> None:
        found.note(families.REGEX, 0)
        answer = await exchange(self._endpoint, self._send, found, families.CONNECT_PHASES, bytes)
        if self._expect is not None and not patterns.found(self._expect, answer):
            found.note(families.REGEX, 1)
            raise CheckFailed(Failure.CONTENT, f"the answer is {answer[:80]!r}, nothing like {self._expect!r}")
