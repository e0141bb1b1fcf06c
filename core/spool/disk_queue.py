"""The part of the spool that is on disk: records in segment files, appended at one end, read at the other."""

from __future__ import annotations

import errno
import itertools
import os
from collections import deque
from pathlib import Path

from core.errors import StorageError
from core.log import get_logger
from core.spool import records, segments
from core.spool.losses import Drop, SpoolCounts
from core.spool.records import Found, Record
from core.spool.segments import PositionFile, Segment, SegmentReader, SegmentWriter, lock_folder

log = get_logger(__name__)

# The process or the machine is short of something: the file is as good as it was and can be read later.
_PASSING = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN))


class _NotNow(Exception):  # noqa: N818 - reads as the reason in a raise
    """Nothing can be read for the moment."""


class DiskQueue:
    """A queue of records in a folder; one process at a time.

    Args:
        segment_bytes: how large a segment grows.
        counts: where damage and refused writes are counted.

    Raises:
        StorageError: the folder cannot be used, or another process uses it.
    """

    def __init__(self, folder: Path, segment_bytes: int, counts: SpoolCounts) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._counts = counts
        self._writer: SegmentWriter | None = None
        self._reader: SegmentReader | None = None
        self._head: Found | None = None
        self._ahead: deque[Found] = deque()  # read already, behind the head
        self._short = False  # of something that reading needs
        self._lock = lock_folder(folder)
        self._position = PositionFile(folder / "position")
        number, self._offset = self._position.read()
        self._segments = deque(self._survey(number))
        self._next_number = max(number, self._segments[-1].number if self._segments else 0) + 1
        if not self._segments or self._segments[0].number != number:
            self._offset = 0

    @property
    def bytes(self) -> int:
        """How large the files are."""
        return sum(segment.size for segment in self._segments)

    @property
    def records(self) -> int:
        """How many records wait."""
        return sum(segment.records for segment in self._segments)

    @property
    def samples(self) -> int:
        """How many samples wait."""
        return sum(segment.samples for segment in self._segments)

    @property
    def files(self) -> int:
        """How many files there are."""
        return len(self._segments)

    def append(self, record: Record) -> None:
        """Add a record, whole or not at all.

        Raises:
            OSError, StorageError: the disk refused.
        """
        data = records.encode(record)
        self._writer_for(len(data)).append(data, record.samples)

    def oldest(self) -> Record | None:
        """The record at the front; None when there is none, or none can be read for the moment.

        Damage on the way is skipped and counted.
        """
        if self._head is None:
            self._head = self._next_for_now()
        return self._head and self._head.record

    def behind_oldest(self, most_bytes: int) -> list[Record]:
        """The whole records that follow the one `oldest` gave, in its segment, of at most `most_bytes` in all."""
        last, room = self._head, most_bytes
        behind: list[Record] = []
        for place in itertools.count():
            if last is None or last.end >= self._segments[0].size:
                break
            if place == len(self._ahead):
                following = self._read_behind(last)
                if following is None:
                    break
                self._ahead.append(following)
            last = self._ahead[place]
            room -= len(last.record.body)
            if room < 0:
                break
            behind.append(last.record)
        return behind

    def remove_oldest(self) -> None:
        """Done with the record that `oldest` gave."""
        if self._head is not None:
            self._advance(self._head)

    def remove_segment(self) -> tuple[int, int]:
        """Give up the oldest file; returns how many records and samples in it were still waiting."""
        segment = self._segments[0]
        self._remove_first()
        return segment.records, segment.samples

    async def sync(self) -> None:
        """Wait until the disk has what was appended.

        Raises:
            OSError: the disk refused.
        """
        if self._writer is not None:
            await self._writer.sync()

    def close(self) -> None:
        """Put on disk what was appended, let go of the folder."""
        if self._writer is not None:
            self._writer.close(sync=True)
            self._writer = None
        if self._segments and not self.records:
            self._remove_first()
        self._close_reader()
        self._position.close()
        self._unlock()

    def _survey(self, number: int) -> list[Segment]:
        try:
            found = segments.survey(self._folder, (number, self._offset))
        except OSError as error:
            if self._lock is None:
                return []  # there is no folder yet: the disk is full
            raise StorageError(f"spool {self._folder} cannot be read: {error.strerror}") from error
        if found.damaged:
            self._counts.drop(Drop.CORRUPT, found.damaged, 0)
        return found.unread

    def _next_for_now(self) -> Found | None:
        try:
            found = self._next()
        except _NotNow as shortage:
            if not self._short:
                log.warning("spool cannot be read for the moment", folder=self._folder, error=shortage)
            self._short = True
            return None
        self._short = False
        return found

    def _next(self) -> Found | None:
        while self._segments:
            segment = self._segments[0]
            found = self._read(segment)
            if found is not None:
                return found
            if self._offset < segment.size:
                self._counts.drop(Drop.CORRUPT, max(segment.records, 1), segment.samples)
            segment.records = segment.samples = 0
            self._offset = segment.size
            if self._is_active(segment):
                return None
            self._remove_first()
        return None

    def _read(self, segment: Segment) -> Found | None:
        if self._ahead:
            return self._ahead.popleft()
        if self._offset >= segment.size:
            return None
        try:
            if self._reader is None:
                self._reader = SegmentReader(segment)
            found = self._reader.at(self._offset)
        except OSError as error:
            if error.errno in _PASSING:
                raise _NotNow(error.strerror) from error
            log.warning("spool segment cannot be read, skipped", segment=segment.path, error=error)
            if self._is_active(segment):
                self._end_segment()  # what comes next goes where it can be read
            return None
        if found is not None and found.start > self._offset:
            self._counts.drop(Drop.CORRUPT, 1, 0)
            self._offset = found.start  # the gap is counted once
        return found

    def _read_behind(self, last: Found) -> Found | None:
        """The record that begins where `last` ends; None when that is no whole record, or cannot be read now."""
        if self._reader is None:
            return None
        try:
            found = self._reader.at(last.end)
        except OSError:
            return None  # `oldest` comes to it, too, and says what is wrong
        return found if found is not None and found.start == last.end else None

    def _advance(self, found: Found) -> None:
        segment = self._segments[0]
        segment.records -= 1
        segment.samples -= found.record.samples
        self._head = None
        self._offset = found.end
        try:
            self._position.write(segment.number, self._offset)
        except OSError:
            self._counts.write_failures += 1
        if self._offset >= segment.size and not self._is_active(segment):
            self._remove_first()

    def _remove_first(self) -> None:
        self._close_reader()
        segments.delete(self._segments.popleft())
        self._head = None
        self._ahead.clear()
        self._offset = 0

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _is_active(self, segment: Segment) -> bool:
        return self._writer is not None and segment is self._writer.segment

    def _writer_for(self, length: int) -> SegmentWriter:
        if self._writer is not None and self._writer.segment.size + length <= self._segment_bytes:
            return self._writer
        self._end_segment()
        if self._lock is None or not self._folder.exists():
            self._unlock()
            self._lock = lock_folder(self._folder)
        segment = Segment(self._next_number, segments.segment_path(self._folder, self._next_number))
        self._next_number += 1
        self._writer = SegmentWriter(segment)
        self._segments.append(segment)
        return self._writer

    def _end_segment(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
