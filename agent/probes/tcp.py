"""A TCP connection, with TLS when asked, a question and the answer that is expected; or TLS alone."""

from __future__ import annotations

from agent import patterns
from agent.probes import families
from agent.probes.check import CheckFailed, Failure, Findings
from agent.probes.wire import Endpoint, Wire, connected

_MOST_ANSWER = 64 * 2**10


class TcpCheck:
    """Connects, says something, and waits for a pattern.

    Args:
        send: sent first; empty to say nothing.
        expect: a pattern of RE2 that must come within what the server sends, 64 KiB of it at most; None does not wait.
    """

    def __init__(self, endpoint: Endpoint, *, send: bytes = b"", expect: str | None = None) -> None:
        self._endpoint = endpoint
        self._send = send
        self._expect = expect

    async def run(self, found: Findings) -> None:
        found.note(families.REGEX, 0)
        async with connected(self._endpoint, found) as wire:
            if not self._send and self._expect is None:
                return
            with found.timed(families.CONNECT_PHASES, phase="exchange"):
                if self._send:
                    await wire.send(self._send)
                if self._expect is not None:
                    await self._wait(wire, self._expect, found)

    async def _wait(self, wire: Wire, expect: str, found: Findings) -> None:
        got = b""
        found.note(families.REGEX, 1)  # until it came; a time limit may end the waiting
        while len(got) < _MOST_ANSWER:
            piece = await wire.some(_MOST_ANSWER - len(got))
            if not piece:
                break
            got += piece
            if patterns.found(expect, got):
                found.note(families.REGEX, 0)
                return
        raise CheckFailed(Failure.CONTENT, f"the answer is {got[:80]!r}, nothing like {expect!r}")
