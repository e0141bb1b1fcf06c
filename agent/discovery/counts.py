"""What the running agent's sweeps did, for its own metrics."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field


class SweepOutcome(enum.StrEnum):
    """How a sweep ended; values of the label `outcome`."""

    REPORTED = "reported"
    UNREPORTED = "unreported"  # the collector did not take it yet
    FAILED = "failed"  # the log says why


@dataclass(slots=True)
class DiscoveryCounts:
    """Since the start; `devices` is what the last complete sweep found, `swept_at_ms` when it began."""

    sweeps: Counter[SweepOutcome] = field(default_factory=Counter)
    packets: int = 0
    wrong_tries: int = 0
    devices: int = 0
    swept_at_ms: int | None = None
