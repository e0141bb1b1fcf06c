"""Servers that speak first: SMTP (RFC 5321), IMAP (RFC 9051), POP3 (RFC 1939), FTP (RFC 959), SSH (RFC 4253).

The greeting is read, TLS is begun within the connection when asked (RFC 3207, 2595, 4217), and the server is left
politely.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from dataclasses import dataclass, replace

from agent import patterns
from agent.probes import families
from agent.probes.certificates import Trust
from agent.probes.check import CheckFailed, Failure, Findings
from agent.probes.printable import printable
from agent.probes.wire import Endpoint, Wire, connected

_MOST_LINES = 100


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a protocol begins: what a good first line is, how TLS is begun and agreed to, how one leaves."""

    ready: re.Pattern[bytes]
    before_tls: tuple[bytes, ...] = ()
    start_tls: bytes = b""
    agreed: re.Pattern[bytes] = re.compile(b"")
    leave: bytes = b""


PROTOCOLS = {
    "smtp": Protocol(re.compile(rb"220\b"), (b"EHLO forewatch",), b"STARTTLS", re.compile(rb"220\b"), b"QUIT"),
    "imap": Protocol(re.compile(rb"\* (OK|PREAUTH)\b"), (), b"a1 STARTTLS", re.compile(rb"a1 OK\b"), b"a2 LOGOUT"),
    "pop3": Protocol(re.compile(rb"\+OK\b"), (), b"STLS", re.compile(rb"\+OK\b"), b"QUIT"),
    "ftp": Protocol(re.compile(rb"220\b"), (), b"AUTH TLS", re.compile(rb"234\b"), b"QUIT"),
    "ssh": Protocol(re.compile(rb"SSH-(2\.0|1\.99)-")),
}


class GreetingCheck:
    """Reads a greeting.

    Args:
        protocol: a key of `PROTOCOLS`.
        upgrade: whom to believe when TLS is to be begun within the connection; None does not begin it.
        expect: an RE2 expression that the greeting must have.
    """

    def __init__(self, endpoint: Endpoint, protocol: str, *, upgrade: Trust | None, expect: str | None) -> None:
        self._endpoint = endpoint
        self._name = protocol
        self._protocol = PROTOCOLS[protocol]
        self._upgrade = upgrade
        self._expect = expect

    async def run(self, found: Findings) -> None:
        found.note(families.REGEX, 0)
        try:
            await self._talk(found, self._upgrade)
        except ssl.SSLCertVerificationError as error:
            # The certificate is looked at all the same: when it expired is what people want to know.
            if self._upgrade is not None:
                with contextlib.suppress(OSError, ssl.SSLError, CheckFailed):
                    await self._talk(found, replace(self._upgrade, verify=False))
            raise CheckFailed(Failure.CERTIFICATE, error.verify_message or str(error)) from error

    async def _talk(self, found: Findings, upgrade: Trust | None) -> None:
        async with connected(self._endpoint, found) as wire:
            with found.timed(families.CONNECT_PHASES, phase="exchange"):
                greeting = await self._greeting(wire)
            if self._expect is not None and not patterns.found(self._expect, greeting):
                found.note(families.REGEX, 1)
                raise CheckFailed(Failure.CONTENT, f"the greeting is {greeting[:200]!r}, nothing like {self._expect!r}")
            if self._name == "ssh":
                version = greeting.splitlines()[-1].decode("ascii", "replace")
                found.note(families.SSH_BANNER, 1, banner=printable(version))
            if upgrade is not None:
                await self._encrypt(wire, upgrade, found)
            if self._protocol.leave:
                await wire.send(self._protocol.leave + b"\r\n")

    async def _greeting(self, wire: Wire) -> bytes:
        """All lines of it, up to the one that ends it."""
        lines: list[bytes] = []
        for _ in range(_MOST_LINES):
            line = await wire.line()
            lines.append(line)
            if self._protocol.ready.match(line):
                if line[3:4] != b"-" or self._name not in ("smtp", "ftp"):
                    return b"\n".join(lines)
            elif self._name != "ssh":  # servers of SSH may say something else before
                raise CheckFailed(Failure.STATUS, f"the greeting is {line[:200]!r}")
        raise CheckFailed(Failure.TOO_LARGE, f"a greeting of more than {_MOST_LINES} lines")

    async def _encrypt(self, wire: Wire, trust: Trust, found: Findings) -> None:
        for command in self._protocol.before_tls:
            await _ask(wire, command)
        answer = await _ask(wire, self._protocol.start_tls)
        if not self._protocol.agreed.match(answer):
            raise CheckFailed(Failure.TLS, f"the server does not begin TLS: {answer[:200]!r}")
        with found.timed(families.CONNECT_PHASES, phase="tls"):
            await wire.encrypt(trust, self._endpoint.host, found)


async def _ask(wire: Wire, command: bytes) -> bytes:
    """The last line of the answer to a command."""
    await wire.send(command + b"\r\n")
    for _ in range(_MOST_LINES):
        line = await wire.line()
        if line[3:4] != b"-":
            return line
    raise CheckFailed(Failure.TOO_LARGE, f"an answer of more than {_MOST_LINES} lines")
