"""Connections of checks: every phase timed, every read bounded, closed without waiting for the other side."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

from agent.probes import families
from agent.probes.certificates import Trust, note_tls
from agent.probes.check import CheckFailed, Failure, Findings
from agent.resolve import Address, resolve
from agent.sample import Family

LONGEST_LINE = 8192
BUFFER_BYTES = 64 * 2**10
_MOST_ADDRESSES = 4  # of a name with more the rest is not tried


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service is, and how it is spoken to.

    Attributes:
        ip_version: 4 or 6; None takes what the resolver says first.
        trust: not None speaks TLS from the first byte.
    """

    host: str
    port: int
    ip_version: int | None = None
    trust: Trust | None = None


class Wire:
    """One connection of bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, content: bytes) -> None:
        self._writer.write(content)
        await self._writer.drain()

    async def line(self, most: int = LONGEST_LINE) -> bytes:
        """One line without its ending.

        Raises:
            CheckFailed: it is too long, or the connection ended before it did.
        """
        try:
            found = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            raise CheckFailed(Failure.TOO_LARGE, f"a line of more than {BUFFER_BYTES} bytes") from error
        except asyncio.IncompleteReadError as error:
            got = error.partial[:80]
            raise CheckFailed(Failure.PROTOCOL, f"the connection was closed after {got!r}") from error
        if len(found) > most:
            raise CheckFailed(Failure.TOO_LARGE, f"a line of more than {most} bytes")
        return found.rstrip(b"\r\n")

    async def some(self, most: int) -> bytes:
        """At most so many bytes; none at the end."""
        return await self._reader.read(most)

    async def exactly(self, count: int) -> bytes:
        """So many bytes.

        Raises:
            CheckFailed: the connection ended before.
        """
        try:
            return await self._reader.readexactly(count)
        except asyncio.IncompleteReadError as error:
            raise CheckFailed(Failure.PROTOCOL, f"closed after {len(error.partial)} of {count} bytes") from error

    async def encrypt(self, trust: Trust, host: str, found: Findings) -> None:
        """Begin TLS within the connection; what the server shows is noted.

        Raises:
            ssl.SSLError, OSError: there is no handshake, or the certificate is not to be believed.
            CheckFailed: the server said more in the clear than that it begins (as CVE-2011-0411 and CVE-2021-23222).
        """
        if more := await self._waiting():
            raise CheckFailed(Failure.PROTOCOL, f"{more!r} instead of TLS; is this the service it should be?")
        await self._writer.start_tls(trust.context(), server_hostname=trust.server_name or host)
        note_tls(found, self._writer.get_extra_info("ssl_object"))

    async def _waiting(self) -> bytes:
        """The beginning of what has come and was not read; nothing is waited for."""
        reading = asyncio.ensure_future(self._reader.read(80))
        await asyncio.sleep(0)
        if reading.done():
            return reading.result()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return b""

    def close(self) -> None:
        self._writer.transport.abort()


@contextlib.asynccontextmanager
async def connected(endpoint: Endpoint, found: Findings, phases: Family | None = None) -> AsyncIterator[Wire]:
    """A connection for as long as the block runs; `phases` is where its seconds are noted.

    Raises:
        OSError, CheckFailed: there is none.
    """
    family = phases or families.CONNECT_PHASES
    plain = await connect(endpoint, found, family, with_resolve=phases is not None)
    if endpoint.trust is None:
        wire = Wire(*await asyncio.open_connection(sock=plain, limit=BUFFER_BYTES))
    else:
        with found.timed(family, phase="tls"):
            wire = await _encrypt(plain, endpoint, found)
    try:
        yield wire
    finally:
        wire.close()


async def connect(endpoint: Endpoint, found: Findings, family: Family, *, with_resolve: bool = True) -> socket.socket:
    """A connected TCP socket; the addresses of a name are tried one after the other.

    Raises:
        OSError: no address can be connected to; the last one's error.
    """
    addresses = await look_up(endpoint, found, family if with_resolve else None)
    with found.timed(family, phase="connect"):
        for address in addresses[:_MOST_ADDRESSES]:
            note_address(found, address)
            try:
                return await _connect_to(address, endpoint.port)
            except OSError:
                if address is addresses[:_MOST_ADDRESSES][-1]:
                    raise
    raise OSError("no address")  # addresses are never none


async def look_up(endpoint: Endpoint, found: Findings, family: Family | None = None) -> list[Address]:
    """The addresses of a target; the time that it takes is noted."""
    with found.timed(families.LOOKUP), found.timed(family, phase="resolve") if family else contextlib.nullcontext():
        return await resolve(endpoint.host, endpoint.ip_version)


def note_address(found: Findings, address: Address) -> None:
    """Note the version of IP and the hash of the address that is used."""
    ip = ipaddress.ip_address(address[1].partition("%")[0])
    found.note(families.IP_PROTOCOL, ip.version)
    digest = 0x811C9DC5  # FNV-1a, 32 bits
    for byte in ip.packed:
        digest = (digest ^ byte) * 0x01000193 & 0xFFFFFFFF
    found.note(families.IP_HASH, digest)


async def _connect_to(address: Address, port: int) -> socket.socket:
    family, host = address
    plain = socket.socket(family, socket.SOCK_STREAM)
    try:
        plain.setblocking(False)
        target: tuple[str, int] | tuple[str, int, int, int] = (host, port)
        if family is socket.AF_INET6 and "%" in host:
            bare, _, zone = host.partition("%")
            target = (bare, port, 0, int(zone) if zone.isdigit() else socket.if_nametoindex(zone))
        await asyncio.get_running_loop().sock_connect(plain, target)
    except BaseException:
        plain.close()
        raise
    return plain


async def _encrypt(plain: socket.socket, endpoint: Endpoint, found: Findings) -> Wire:
    """TLS over a connected socket, with what is to be said about the certificates noted.

    A certificate that is not to be believed is looked at all the same, over a second connection: how long it has been
    expired is what people want to know then.
    """
    trust = endpoint.trust
    if trust is None:
        raise ValueError("no trust")
    name = trust.server_name or endpoint.host
    try:
        return await _handshake(plain, trust.context(), name, found)
    except ssl.SSLCertVerificationError as error:
        with contextlib.suppress(OSError, ssl.SSLError):
            again = await connect(endpoint, found.aside(), families.CONNECT_PHASES)
            (await _handshake(again, trust.unverified(), name, found)).close()
        raise CheckFailed(Failure.CERTIFICATE, error.verify_message or str(error)) from error


async def _handshake(plain: socket.socket, context: ssl.SSLContext, name: str, found: Findings) -> Wire:
    try:
        reader, writer = await asyncio.open_connection(
            sock=plain, ssl=context, server_hostname=name, limit=BUFFER_BYTES
        )
    except BaseException:
        plain.close()
        raise
    note_tls(found, writer.get_extra_info("ssl_object"))
    return Wire(reader, writer)
