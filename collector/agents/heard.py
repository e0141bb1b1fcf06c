"""What an agent's last report said about the agent itself."""

from __future__ import annotations

import datetime as dt

import msgspec


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One report, less its targets and events.

    Attributes:
        boot: id of the agent's process.
        at: when it came, by the collector's clock.
        clock_skew_seconds: the collector's time less the agent's.
        address: where it came from.
    """

    boot: str
    version: str
    at: dt.datetime
    clock_skew_seconds: float
    address: str
