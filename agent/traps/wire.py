"""What the receiver and the agent say to each other: one JSON document a line.

The agent writes `Setup` to the receiver's standard input, `Names` whenever other devices are polled, and leaves that
open: its end is the agent's end. The receiver writes `Ready`, `Event` and `Stats` to its standard output.
"""

from __future__ import annotations

import msgspec

from core.facts import EventReport

MOST_LINE_BYTES = 256 * 1024


class Sender(msgspec.Struct, frozen=True):
    """A user of version 3; protocols are named as in `agent.snmp.user`, None for none."""

    name: str
    auth: str | None = None
    auth_password: str = ""
    priv: str | None = None
    priv_password: str = ""

    @property
    def level(self) -> int:
        """The least securityLevel (RFC 3411) that messages of the user must have: 1 noAuthNoPriv to 3 authPriv."""
        return 3 if self.priv else 2 if self.auth else 1


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """All that the receiver needs to know.

    Attributes:
        communities: that may send by version 1 and 2c.
        names: instance by address, of the devices that are polled.
        state_dir: where the engine's identity is kept.
    """

    host: str
    port: int
    communities: list[str]
    senders: list[Sender]
    names: dict[str, str]
    allow: list[str]
    relays: list[str]
    rate: int
    burst: int
    total_rate: int
    repeat_seconds: float
    expire_seconds: float
    catalogue: str | None
    state_dir: str


class Names(msgspec.Struct, frozen=True):
    """What `Setup.names` is from now on."""

    names: dict[str, str]


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The socket is open."""

    engine_id: str


class Event(msgspec.Struct, frozen=True, tag="event"):
    """A trap that the collector is to hear of."""

    event: EventReport


class Stats(msgspec.Struct, frozen=True, kw_only=True, tag="stats"):
    """Counters since the receiver's start.

    Attributes:
        received: traps by instance, name and severity.
        unknown: traps that no definition is for, by OID and maker.
        definitions: how many traps are defined.
        reloads: how often definitions were read again, by outcome.
        dropped: datagrams and events by reason.
        repeated: traps that were only counted.
        messages: datagrams that came, as far as the kernel gave them.
    """

    messages: int
    repeated: int
    dropped: dict[str, int]
    received: list[tuple[str, str, str, int]]
    unknown: list[tuple[str, str, int]] = []
    definitions: int = 0
    reloads: dict[str, int] = {}
    cpu_seconds: float
    resident_bytes: int


Message = Ready | Event | Stats
