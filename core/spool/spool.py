"""The spool: pushes on disk between their making and their acknowledgement, in order.

Bounded by age and by size, the oldest dropped first and counted. Records are appended to segment files and read
from the front; a segment that was acknowledged to its end is deleted.

What survives what: `append` hands the record to the operating system and does not wait for the disk, so a killed
process loses nothing that was appended. A power failure may cost what the kernel had not written, half a minute
at most with Linux' defaults; `sync` is called whenever the receiver cannot be reached, so that a long
outage is safe from that too. After a start, a new segment is written; old ones are only read.

While the disk refuses (full, read-only), records stay in memory, up to `Limits.memory_bytes`, and go to the disk
first when it takes them again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from core.errors import StorageError
from core.log import get_logger
from core.spool.disk_queue import DiskQueue
from core.spool.losses import Drop, SpoolCounts
from core.spool.overflow import Overflow
from core.spool.records import Record

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept."""

    max_age_ms: int
    max_bytes: int
    memory_bytes: int = 4 * 2**20
    largest_segment_bytes: int = 4 * 2**20

    @property
    def segment_bytes(self) -> int:
        """How large a segment grows: small beside the whole, because the whole oldest one goes at a time."""
        return min(max(self.max_bytes // 32, 1), self.largest_segment_bytes)


class Spool:
    """A queue of records; one process at a time.

    Attributes:
        boot: 16 hex digits, of this process; its records count from 1.
        counts: what was lost since the start.

    Raises:
        StorageError: the folder cannot be used, or another process uses it.
    """

    def __init__(self, folder: Path, limits: Limits, *, boot: str | None = None) -> None:
        self.boot = boot or secrets.token_hex(8)
        self.counts = SpoolCounts()
        self._folder = folder
        self._limits = limits
        self._sequence = 0
        self._refused = False
        self._disk = DiskQueue(folder, limits.segment_bytes, self.counts)
        self._memory = Overflow(limits.memory_bytes)

    def append(self, body: bytes, samples: int, at_ms: int) -> None:
        """Keep one request; never fails: what cannot be kept is counted."""
        self._sequence += 1
        record = Record(self.boot, self._sequence, at_ms, samples, body)
        self._flush_memory()
        if self._memory or not self._write(record):
            for lost in self._memory.add(record):
                self.counts.drop(Drop.MEMORY, 1, lost.samples)
        self._make_room()

    def peek(self, now_ms: int) -> Record | None:
        """The oldest record that is not too old; None when the spool is empty."""
        oldest_ms = now_ms - self._limits.max_age_ms
        while (record := self._oldest()) is not None and record.created_at_ms < oldest_ms:
            self.drop(record, Drop.EXPIRED)
        return record

    def front(self, now_ms: int, most_bytes: int) -> list[Record]:
        """The oldest record and, as far as they are at hand and fit into `most_bytes` with it, those behind it."""
        oldest = self.peek(now_ms)
        if oldest is None:
            return []
        return [oldest, *self._disk.behind_oldest(most_bytes - len(oldest.body))]

    def acknowledge(self, record: Record) -> None:
        """Done with the record that `peek` gave; nothing when it was dropped in the meantime to make room."""
        # Compared by identity of the push: a record in memory may have gone to the disk while it was sent.
        oldest = self._oldest()
        if oldest is None or (oldest.boot, oldest.sequence) != (record.boot, record.sequence):
            return
        if self._disk.oldest() is not None:
            self._disk.remove_oldest()
        else:
            self._memory.remove_oldest()

    def drop(self, record: Record, reason: Drop) -> None:
        """As `acknowledge`, and count the record as lost."""
        self.counts.drop(reason, 1, record.samples)
        self.acknowledge(record)

    @property
    def bytes(self) -> int:
        """How much is on disk and in memory."""
        return self._disk.bytes + self._memory.bytes

    @property
    def records(self) -> int:
        """How many records wait."""
        return self._disk.records + len(self._memory)

    @property
    def samples(self) -> int:
        """How many samples wait."""
        return self._disk.samples + self._memory.samples

    def oldest_at_ms(self) -> int | None:
        """When the oldest waiting record was made; None when there is none."""
        record = self._oldest()
        return record and record.created_at_ms

    async def sync(self) -> None:
        """Wait until the disk has what was appended; a disk that refuses is counted."""
        try:
            await self._disk.sync()
        except (OSError, RuntimeError):  # RuntimeError: the machine has no thread left
            self.counts.write_failures += 1

    def close(self) -> None:
        """Put on disk what can be, let go of the folder."""
        self._flush_memory()
        if self._memory:
            self.counts.drop(Drop.MEMORY, len(self._memory), self._memory.samples)
        self._disk.close()

    def _oldest(self) -> Record | None:
        oldest = self._disk.oldest()
        if oldest is None and not self._disk.records:
            return self._memory.oldest
        return oldest  # None: the disk has some but cannot be read now; what is in memory has to wait for its turn

    def _make_room(self) -> None:
        while self.bytes > self._limits.max_bytes and self._disk.files > 1:
            self.counts.drop(Drop.SIZE, *self._disk.remove_segment())

    def _flush_memory(self) -> None:
        while (record := self._memory.oldest) is not None and self._write(record):
            self._memory.remove_oldest()

    def _write(self, record: Record) -> bool:
        try:
            self._disk.append(record)
        except (OSError, StorageError) as error:
            self.counts.write_failures += 1
            if not self._refused:
                log.warning("spool cannot write, keeping samples in memory", folder=self._folder, error=error)
            self._refused = True
            return False
        if self._refused:
            self._refused = False
            log.info("spool writes to disk again", folder=self._folder)
        return True
