"""Why a device could not be read, in words that go on a metric.

SnmpError   one exchange or walk with a device failed; `reason` says how
"""

from __future__ import annotations

import enum

from core.errors import ForewatchError


class SnmpFailure(enum.StrEnum):
    """The kinds of failure; values of the label `class`."""

    TIMEOUT = "timeout"  # no answer in time, after every retry
    UNREACHABLE = "unreachable"  # the name does not resolve, no route, or the port answers "closed"
    MALFORMED = "malformed"  # an answer that is no SNMP message, or a value of the wrong type
    LOOP = "loop"  # a walk whose OIDs do not increase
    NO_SUCH = "no_such"  # the device answers but has nothing of what was asked
    AUTH = "auth"  # the device refuses the credentials (v3; v2c devices stay silent instead)
    BUDGET = "budget"  # the poll took too long or returned too much

    @property
    def ends_poll(self) -> bool:
        """Whether asking the same device for more would fail the same way and only cost time."""
        return self not in (SnmpFailure.LOOP, SnmpFailure.NO_SUCH)


class SnmpError(ForewatchError):
    """A device could not be read, or not completely."""

    def __init__(self, reason: SnmpFailure, message: str) -> None:
        super().__init__(message)
        self.reason = reason
