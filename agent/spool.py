"""The spool: pushes on disk between their making and their acknowledgement, in order.

Bounded by age and by size, the oldest dropped first and counted. Records are appended to segment files and read
from the front; a segment that was acknowledged to its end is deleted.

What survives what: `append` hands the record to the operating system and does not wait for the disk, so a killed
process loses nothing that was appended. A power failure may cost what the kernel had not written, half a minute
at most with Linux' defaults; `sync` is called whenever the collector cannot be reached, so that a long
outage is safe from that too. After a start, a new segment is written; old ones are only read.

While the disk refuses (full, read-only), records stay in memory, up to `Limits.memory_bytes`, and go to the disk
first when it takes them again.
"""

from __future__ import annotations

import enum
import os
import secrets
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

from agent import records, segments
from agent.overflow import Overflow
from agent.records import Found, Record
from agent.segments import PositionFile, Segment, SegmentReader, SegmentWriter, lock_folder
from core.errors import StorageError
from core.log import get_logger

log = get_logger(__name__)

_LARGEST_SEGMENT = 4 * 2**20


class Drop(enum.StrEnum):
    """Why records were lost."""

    EXPIRED = "expired"  # older than the spool's max_age
    SIZE = "size"  # the spool was full
    MEMORY = "memory"  # the disk refused and memory was full
    CORRUPT = "corrupt"  # damaged on disk; how many samples is not known
    REJECTED = "rejected"  # the collector refused them


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept."""

    max_age_ms: int
    max_bytes: int
    memory_bytes: int = 4 * 2**20

    @property
    def segment_bytes(self) -> int:
        """How large a segment grows: small beside the whole, because the whole oldest one goes at a time."""
        return min(max(self.max_bytes // 32, 1), _LARGEST_SEGMENT)


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


class Spool:
    """A queue of records on disk; one process at a time.

    Raises:
        StorageError: the folder cannot be used, or another process uses it.
    """

    def __init__(self, folder: Path, limits: Limits, *, boot: str | None = None) -> None:
        self.boot = boot or secrets.token_hex(8)
        self.counts = SpoolCounts()
        self._folder = folder
        self._limits = limits
        self._sequence = 0
        self._writer: SegmentWriter | None = None
        self._refused = False
        self._memory = Overflow(limits.memory_bytes)
        self._reader: SegmentReader | None = None
        self._head: Found | None = None
        self._lock = lock_folder(folder)
        self._position = PositionFile(folder / "position")
        number, self._offset = self._position.read()
        self._segments = deque(self._survey(number))
        self._next_number = max(number, self._segments[-1].number if self._segments else 0) + 1
        if not self._segments or self._segments[0].number != number:
            self._offset = 0

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

    def acknowledge(self, record: Record) -> None:
        """Done with the record that `peek` gave; nothing when it was dropped in the meantime to make room."""
        # Compared by identity of the push: a record in memory may have gone to the disk while it was sent.
        oldest = self._oldest()
        if oldest is None or (oldest.boot, oldest.sequence) != (record.boot, record.sequence):
            return
        if self._head is not None:
            self._advance(self._head)
        else:
            self._memory.remove_oldest()

    def drop(self, record: Record, reason: Drop) -> None:
        """As `acknowledge`, and count the record as lost."""
        self.counts.drop(reason, 1, record.samples)
        self.acknowledge(record)

    @property
    def bytes(self) -> int:
        """How much is on disk and in memory."""
        return sum(segment.size for segment in self._segments) + self._memory.bytes

    @property
    def records(self) -> int:
        """How many records wait."""
        return sum(segment.records for segment in self._segments) + len(self._memory)

    @property
    def samples(self) -> int:
        """How many samples wait."""
        return sum(segment.samples for segment in self._segments) + self._memory.samples

    def oldest_at_ms(self) -> int | None:
        """When the oldest waiting record was made; None when there is none."""
        record = self._oldest()
        return record and record.created_at_ms

    async def sync(self) -> None:
        """Wait until the disk has what was appended; a disk that refuses is counted."""
        if self._writer is not None:
            try:
                await self._writer.sync()
            except OSError:
                self.counts.write_failures += 1

    def close(self) -> None:
        """Put on disk what can be, let go of the folder."""
        self._flush_memory()
        if self._memory:
            self.counts.drop(Drop.MEMORY, len(self._memory), self._memory.samples)
        if self._writer is not None:
            self._writer.close(sync=True)
            self._writer = None
        if self._segments and not self.records:
            self._remove_oldest()
        self._close_reader()
        self._position.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # Reading

    def _survey(self, number: int) -> list[Segment]:
        try:
            found = segments.survey(self._folder, (number, self._offset))
        except OSError as error:
            if self._lock is None:
                return []  # there is no folder yet: the disk is full
            raise StorageError(f"spool {self._folder} cannot be read: {error.strerror}") from error
        if found.damaged:
            self.counts.drop(Drop.CORRUPT, found.damaged, 0)
        return found.unread

    def _oldest(self) -> Record | None:
        if self._head is None:
            self._head = self._next()
        if self._head is not None:
            return self._head.record
        return self._memory.oldest

    def _next(self) -> Found | None:
        while self._segments:
            segment = self._segments[0]
            found = self._read(segment)
            if found is not None:
                return found
            if self._offset < segment.size:
                self.counts.drop(Drop.CORRUPT, max(segment.records, 1), segment.samples)
            segment.records = segment.samples = 0
            self._offset = segment.size
            if self._is_active(segment):
                return None
            self._remove_oldest()
        return None

    def _read(self, segment: Segment) -> Found | None:
        if self._offset >= segment.size:
            return None
        try:
            if self._reader is None:
                self._reader = SegmentReader(segment)
            found = self._reader.at(self._offset)
        except OSError as error:
            log.warning("spool segment cannot be read, skipped", segment=segment.path, error=error)
            if self._is_active(segment):
                self._end_segment()  # what comes next goes where it can be read
            return None
        if found is not None and found.start > self._offset:
            self.counts.drop(Drop.CORRUPT, 1, 0)
            self._offset = found.start  # the gap is counted once
        return found

    def _advance(self, found: Found) -> None:
        segment = self._segments[0]
        segment.records -= 1
        segment.samples -= found.record.samples
        self._head = None
        self._offset = found.end
        try:
            self._position.write(segment.number, self._offset)
        except OSError:
            self.counts.write_failures += 1
        if self._offset >= segment.size and not self._is_active(segment):
            self._remove_oldest()

    def _remove_oldest(self) -> None:
        self._close_reader()
        segments.delete(self._segments.popleft())
        self._head = None
        self._offset = 0

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    # Writing

    def _is_active(self, segment: Segment) -> bool:
        return self._writer is not None and segment is self._writer.segment

    def _flush_memory(self) -> None:
        while (record := self._memory.oldest) is not None and self._write(record):
            self._memory.remove_oldest()

    def _write(self, record: Record) -> bool:
        data = records.encode(record)
        try:
            self._writer_for(len(data)).append(data, record.samples)
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

    def _writer_for(self, length: int) -> SegmentWriter:
        if self._writer is not None and self._writer.segment.size + length <= self._limits.segment_bytes:
            return self._writer
        self._end_segment()
        if self._lock is None or not self._folder.exists():
            self._lock = lock_folder(self._folder)
        segment = Segment(self._next_number, segments.segment_path(self._folder, self._next_number))
        self._next_number += 1
        self._writer = SegmentWriter(segment)
        self._segments.append(segment)
        return self._writer

    def _end_segment(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _make_room(self) -> None:
        while self.bytes > self._limits.max_bytes and len(self._segments) > 1:
            segment = self._segments[0]
            self.counts.drop(Drop.SIZE, segment.records, segment.samples)
            self._remove_oldest()
