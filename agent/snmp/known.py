"""What is learnt about a device and holds beyond one poll."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.snmp.v3.engine import Engine

# Most objects in one GET and most rows in one GETBULK: numbers then stay within one Ethernet frame.
GET_OIDS = 44
REPETITIONS = 44


@dataclass(slots=True)
class Known:
    """Kept by whoever polls a device, and filled by its sessions.

    Attributes:
        get_oids: most objects in one GET; becomes smaller when the device turns out to take fewer.
        repetitions: most rows in one GETBULK; becomes smaller when the device stays silent to more.
        address: where the device's name led the last time that it resolved; None before that.
        engine: of a device that speaks version 3, with the user's keys for it; None before it was discovered.
    """

    get_oids: int = GET_OIDS
    repetitions: int = REPETITIONS
    address: str | None = None
    engine: Engine | None = field(default=None, repr=False)

    def forget_sizes(self) -> None:
        """Try the usual sizes anew: the device restarted, perhaps with other software."""
        self.get_oids = GET_OIDS
        self.repetitions = REPETITIONS
