"""Records in memory while the disk refuses: bounded, oldest first."""

from __future__ import annotations

from collections import deque

from core.spool import records
from core.spool.records import Record


class Overflow:
    """A queue of at most `most_bytes`, of one record at least."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._records: deque[Record] = deque()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._records)

    @property
    def oldest(self) -> Record | None:
        """The record at the front; None when there is none."""
        return self._records[0] if self._records else None

    @property
    def samples(self) -> int:
        """How many samples are in it."""
        return sum(record.samples for record in self._records)

    def add(self, record: Record) -> list[Record]:
        """Take one more; returns those, oldest first, that had to go for it."""
        self._records.append(record)
        self.bytes += records.size(record)
        lost = []
        while self.bytes > self._most_bytes and len(self._records) > 1:
            lost.append(self.remove_oldest())
        return lost

    def remove_oldest(self) -> Record:
        """Take the front one out."""
        record = self._records.popleft()
        self.bytes -= records.size(record)
        return record
