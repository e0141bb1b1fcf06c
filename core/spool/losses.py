"""What the spool lost, and why."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field


class Drop(enum.StrEnum):
    """Why records were lost."""

    EXPIRED = "expired"  # older than the spool's max_age
    SIZE = "size"  # the spool was full
    MEMORY = "memory"  # the disk refused and memory was full
    CORRUPT = "corrupt"  # damaged on disk; how many samples is not known
    REJECTED = "rejected"  # the receiver refused them


@dataclass(slots=True)
class SpoolCounts:
    """What happened since the start."""

    dropped_records: Counter[Drop] = field(default_factory=Counter)
    dropped_samples: Counter[Drop] = field(default_factory=Counter)
    write_failures: int = 0

    def drop(self, reason: Drop, count: int, samples: int) -> None:
        """Count records that were lost."""
        self.dropped_records[reason] += count
        self.dropped_samples[reason] += samples
