"""What a session needs of a version of SNMP: one request, one answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from agent.snmp.exchange import Exchange
from agent.snmp.values import Rows, Value

# One response of a walk: its rows, None after the last row of the subtree; empty at the end of the device's view.
Step = Callable[[], Awaitable[list[tuple[str, Value] | None]]]


class Wire(Protocol):
    """A socket to one device that speaks one version.

    Attributes:
        exchange: what it sends and receives through.
        most_oids: objects in one GET that the version stands.
        most_repetitions: rows in one request of a walk; 1 where there is no GETBULK.
    """

    exchange: Exchange
    most_oids: int
    most_repetitions: int

    async def get(self, oids: list[str], *, retries: int | None = None) -> Rows:
        """One GET: what the device has of `oids`; empty, too, when it answers with an error.

        Raises:
            SnmpError: no answer, or none that can be read.
        """

    def walker(self, root: str, repetitions: int) -> Step:
        """Each call of what is returned asks for the next rows below `root`; it raises as `get` does."""

    def close(self) -> None:
        """Give the socket back."""
