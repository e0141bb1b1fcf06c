"""Redis: does it answer, and what INFO says, under redis_exporter's names."""

from __future__ import annotations

import re

from agent.probes import families
from agent.probes.check import CheckFailed, Failure, Findings
from agent.probes.printable import printable
from agent.probes.wire import Endpoint, Wire, connected
from agent.sample import Family, Kind

_MOST_INFO = 256 * 2**10


def _family(name: str, kind: Kind, text: str) -> Family:
    return Family(f"redis_{name}", kind, text)


# By the field of INFO.
FIELDS = {
    "uptime_in_seconds": _family("uptime_in_seconds", "gauge", "Seconds since the Redis server started."),
    "connected_clients": _family("connected_clients", "gauge", "Connections of clients."),
    "blocked_clients": _family("blocked_clients", "gauge", "Clients that wait in a blocking call."),
    "used_memory": _family("memory_used_bytes", "gauge", "Memory that Redis has allocated."),
    "maxmemory": _family("memory_max_bytes", "gauge", "Memory that Redis may allocate; 0 for no limit."),
    "connected_slaves": _family("connected_slaves", "gauge", "Replicas that are connected."),
    "total_commands_processed": _family("commands_processed_total", "counter", "Commands processed."),
    "total_connections_received": _family("connections_received_total", "counter", "Connections accepted."),
    "rejected_connections": _family("rejected_connections_total", "counter", "Connections beyond maxclients."),
    "evicted_keys": _family("evicted_keys_total", "counter", "Keys evicted for lack of memory."),
    "keyspace_hits": _family("keyspace_hits_total", "counter", "Look-ups of keys that were there."),
    "keyspace_misses": _family("keyspace_misses_total", "counter", "Look-ups of keys that were not there."),
}
MASTER_LINK = _family("master_link_up", "gauge", "Whether a replica's link to its master is up.")


class RedisCheck:
    """Logs in when there is a password, then PING and INFO; a server that wants a login is reachable without one."""

    def __init__(self, endpoint: Endpoint, *, username: str | None = None, password: str | None = None) -> None:
        self._endpoint = endpoint
        self._username = username
        self._password = password

    async def run(self, found: Findings) -> None:
        async with connected(self._endpoint, found) as wire:
            with found.timed(families.CONNECT_PHASES, phase="exchange"):
                if self._password is not None:
                    who = [self._username] if self._username is not None else []
                    answer = await _ask(wire, "AUTH", *who, self._password)
                    if answer != b"+OK":
                        raise CheckFailed(Failure.AUTH, _spell(answer))
                answer = await _ask(wire, "PING")
                if answer.startswith(b"-NOAUTH") and self._password is None:
                    return
                if answer != b"+PONG":
                    raise CheckFailed(Failure.STATUS if answer[:1] == b"-" else Failure.PROTOCOL, _spell(answer))
            info = await _info(wire)
        note_info(found, info)


def note_info(found: Findings, info: dict[str, str]) -> None:
    """Note what INFO says."""
    for field, family in FIELDS.items():
        value = info.get(field, "")
        if re.fullmatch(r"[0-9]{1,18}", value):
            found.note(family, float(value))
    role = info.get("role", "")
    if role == "slave":
        found.note(MASTER_LINK, info.get("master_link_status") == "up")
    if "redis_version" in info:
        found.note(families.REDIS_INFO, 1, redis_version=info["redis_version"], role=role)


async def _info(wire: Wire) -> dict[str, str]:
    head = await _ask(wire, "INFO")
    if not re.fullmatch(rb"\$[0-9]{1,9}", head):
        if head.startswith((b"-NOPERM", b"-ERR")):
            return {}  # the server is fine; this user may not see it
        raise CheckFailed(Failure.PROTOCOL, _spell(head))
    size = int(head[1:])
    if size > _MOST_INFO:
        raise CheckFailed(Failure.TOO_LARGE, f"an INFO of {size} bytes")
    text = (await wire.exactly(size)).decode("utf-8", "replace")
    pairs = (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
    return {key: printable(value) for key, _, value in pairs}


async def _ask(wire: Wire, *words: str) -> bytes:
    """The first line of the answer to a command."""
    encoded = [word.encode() for word in words]
    await wire.send(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
    return await wire.line()


def _spell(answer: bytes) -> str:
    return f"the server says {answer[:200].decode('ascii', 'replace')!r}"
