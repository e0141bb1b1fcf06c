"""A device as the configuration names it, and what asking it may cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.snmp.user import User

VERSIONS = ("1", "2c", "3")


@dataclass(frozen=True, slots=True)
class Target:
    """A device and how to ask it.

    Attributes:
        address: IP address or name, without a port.
        community: of versions 1 and 2c.
        version: "1", "2c" or "3".
        user: of version 3, None with the others.
        timeout_seconds: how long one request waits for its answer.
        retries: how often a request is sent again; a dead device costs timeout × (retries + 1).

    Raises:
        ValueError: a value that no device could be asked with.
    """

    address: str
    port: int = 161
    community: str = field(default="public", repr=False)
    version: str = "2c"
    timeout_seconds: float = 2.0
    retries: int = 1
    user: User | None = None

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise ValueError(f"SNMP version {self.version!r} is not supported; write one of {', '.join(VERSIONS)}")
        if (self.version == "3") != (self.user is not None):
            raise ValueError("SNMP version 3 needs a user, the others have none")
        if not 0 < self.port < 65536:
            raise ValueError(f"port {self.port} is not between 1 and 65535")
        if self.timeout_seconds <= 0 or self.retries < 0:
            raise ValueError("the timeout must be positive and retries not negative")
        if len(self.community.encode()) > 255:
            raise ValueError("the community is longer than 255 octets")

    @property
    def silence_hint(self) -> str:
        """What to check when the device does not answer."""
        if self.version == "3":
            return "is the device up, does it allow this agent's address, does it speak SNMP version 3?"
        return "is the device up, does it allow this agent's address, is the community right?"

    @property
    def dead_after_seconds(self) -> float:
        """How long a device that never answers is waited for."""
        return self.timeout_seconds * (self.retries + 1)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one poll of one device may cost, whatever the device does, and what one walk in it may."""

    seconds: float = 60.0
    varbinds: int = 100_000  # a full reading of 2,000 interfaces takes 72,000
    walk_seconds: float = 60.0
    walk_varbinds: int = 50_000


def spell_endpoint(address: str, port: int) -> str:
    """`10.0.0.1:161`, `[2001:db8::1]:161`."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
