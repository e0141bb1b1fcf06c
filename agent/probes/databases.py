"""PostgreSQL and MySQL as far as they talk to anybody: reachable, taking connections, how fast, which version.

No driver and no login: what is inside is for an exporter, which `scrape` reads.
"""

from __future__ import annotations

import struct

from agent.probes import families
from agent.probes.certificates import Trust
from agent.probes.check import CheckFailed, Failure, Findings
from agent.probes.printable import printable
from agent.probes.wire import Endpoint, Wire, connected

_MOST_PACKET = 16 * 2**10
_SSL_REQUEST = struct.pack("!II", 8, 80877103)
_PROTOCOL_3 = 196608
_LOGINS = {0: "trust", 2: "kerberos", 3: "password", 5: "md5", 7: "gss", 9: "sspi", 10: "sasl"}


class PostgresqlCheck:
    """Asks for TLS and begins a session (frontend/backend protocol 3.0).

    A server that asks for a credential, or refuses this user, works; one that is starting, shutting down or full does
    not (SQLSTATE 57P03, 57P01, 53300, …).

    Args:
        trust: not None demands TLS.
    """

    def __init__(self, endpoint: Endpoint, *, trust: Trust | None, username: str, database: str) -> None:
        self._endpoint = endpoint
        self._trust = trust
        self._username = username
        self._database = database

    async def run(self, found: Findings) -> None:
        async with connected(self._endpoint, found) as wire:
            with found.timed(families.CONNECT_PHASES, phase="exchange"):
                await wire.send(_SSL_REQUEST)
                offered = await wire.exactly(1)
            if offered not in (b"S", b"N"):
                raise CheckFailed(Failure.PROTOCOL, f"no PostgreSQL: {offered!r}")
            found.note(families.POSTGRESQL_TLS, offered == b"S")
            if offered == b"S":
                # Where TLS is not demanded any certificate will do: nothing secret is said.
                trust = self._trust or Trust(verify=False)
                with found.timed(families.CONNECT_PHASES, phase="tls"):
                    await wire.encrypt(trust, self._endpoint.host, found)
            elif self._trust is not None:
                raise CheckFailed(Failure.TLS, "the server does not offer TLS")
            with found.timed(families.CONNECT_PHASES, phase="exchange"):
                await wire.send(self._startup())
                kind, body = await _message(wire)
        self._judge(kind, body, found)

    def _startup(self) -> bytes:
        words = ["user", self._username, "database", self._database, "application_name", "forewatch"]
        body = struct.pack("!I", _PROTOCOL_3) + b"\0".join(word.encode() for word in words) + b"\0\0"
        return struct.pack("!I", len(body) + 4) + body

    @staticmethod
    def _judge(kind: bytes, body: bytes, found: Findings) -> None:
        if kind == b"R" and len(body) >= 4:
            login = _LOGINS.get(struct.unpack_from("!I", body)[0], "other")
            found.note(families.POSTGRESQL_INFO, 1, login=login)
            return
        if kind != b"E":
            raise CheckFailed(Failure.PROTOCOL, f"no PostgreSQL: a message {kind!r}")
        fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}
        state = fields.get(b"C", "")
        if not state.startswith(("28", "3D")):  # the user or the database is not known: the server works
            raise CheckFailed(Failure.STATUS, f"{state}: {fields.get(b'M', '')[:200]}")
        found.note(families.POSTGRESQL_INFO, 1, login="refused")


async def _message(wire: Wire) -> tuple[bytes, bytes]:
    kind, size = struct.unpack("!cI", await wire.exactly(5))
    if not 4 <= size <= _MOST_PACKET:
        raise CheckFailed(Failure.PROTOCOL, f"a message of {size} bytes")
    return kind, await wire.exactly(size - 4)


class MysqlCheck:
    """Reads the server's first packet (protocol 10): its version, or why it takes no connection (1040: too many)."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def run(self, found: Findings) -> None:
        async with connected(self._endpoint, found) as wire:
            with found.timed(families.CONNECT_PHASES, phase="exchange"):
                head = await wire.exactly(4)
                size = int.from_bytes(head[:3], "little")
                if not 3 <= size <= _MOST_PACKET or head[3] != 0:
                    raise CheckFailed(Failure.PROTOCOL, f"no MySQL: {head!r}")
                packet = await wire.exactly(size)
        if packet[0] == 0xFF:
            code, text = int.from_bytes(packet[1:3], "little"), packet[3:200].decode("utf-8", "replace")
            raise CheckFailed(Failure.STATUS, f"error {code}: {text}")
        if packet[0] != 10 or b"\0" not in packet:
            raise CheckFailed(Failure.PROTOCOL, f"a protocol of version {packet[0]}")
        version = packet[1 : packet.index(b"\0")].decode("ascii", "replace")
        found.note(families.MYSQL_INFO, 1, version=printable(version))
