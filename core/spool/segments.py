"""Segment files of the spool: numbered, append-only, read by offset."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from core.errors import StorageError
from core.files import PLAIN, hold_folder, read_at
from core.log import get_logger
from core.spool import records
from core.spool.records import Found

log = get_logger(__name__)

_NAME = re.compile(r"([0-9]{16})\.spool")
_POSITION = struct.Struct("<QQ")
_CHECKSUM = struct.Struct("<I")


@dataclass(slots=True)
class Segment:
    """One file of records.

    Attributes:
        number: the highest is the newest.
        size: bytes that hold records, read or not.
        records: whole records that were not read yet.
        samples: how many samples are in those.
    """

    number: int
    path: Path
    size: int = 0
    records: int = 0
    samples: int = 0


def segment_path(folder: Path, number: int) -> Path:
    """Where the segment of that number lies."""
    return folder / f"{number:016d}.spool"


class Survey(NamedTuple):
    """What a folder holds: the segments with something unread, oldest first, and how many hold only damage."""

    unread: list[Segment]
    damaged: int


def survey(folder: Path, position: tuple[int, int]) -> Survey:
    """Look through the segments in `folder`; those read to the end, or holding nothing but damage, are deleted.

    Raises:
        OSError: the folder cannot be read.
    """
    numbers = sorted(int(match[1]) for match in map(_NAME.fullmatch, os.listdir(folder)) if match)  # noqa: PTH208
    unread, damaged = [], 0
    for number in numbers:
        segment = Segment(number, segment_path(folder, number))
        start = position[1] if number == position[0] else 0
        try:
            if number >= position[0]:
                _count(segment, start)
        except OSError as error:
            log.warning("spool segment cannot be read, left alone", segment=segment.path, error=error)
            damaged += 1
            continue
        if segment.records:
            unread.append(segment)
            continue
        if segment.size > start:
            log.warning("spool segment holds nothing but damage, deleted", segment=segment.path, bytes=segment.size)
            damaged += 1
        delete(segment)
    return Survey(unread, damaged)


def _count(segment: Segment, start: int) -> None:
    data = segment.path.read_bytes()
    segment.size = len(data)
    while (found := records.scan(data, start)) is not None:
        segment.records += 1
        segment.samples += found.record.samples
        start = found.end


def delete(segment: Segment) -> None:
    """Remove the file; one that is gone already, or that the disk will not give up, is no error."""
    with contextlib.suppress(OSError):
        segment.path.unlink()


class SegmentWriter:
    """Makes the file of one new segment and appends to it.

    Raises:
        OSError: the disk refused, or the file exists.
    """

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self._file = os.open(segment.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | PLAIN, 0o600)
        self._dirty = False

    def append(self, data: bytes, samples: int) -> None:
        """Add one record, whole or not at all.

        Raises:
            OSError: the disk refused.
        """
        end = self.segment.size
        rest = memoryview(data)
        try:
            while rest:
                written = os.pwrite(self._file, rest, end)
                end, rest = end + written, rest[written:]
        except OSError:
            with contextlib.suppress(OSError):  # if this fails too, the next record is written over the torn one
                os.ftruncate(self._file, self.segment.size)
            raise
        self.segment.size = end
        self.segment.records += 1
        self.segment.samples += samples
        self._dirty = True

    async def sync(self) -> None:
        """Wait, in a thread, until the disk has what was appended.

        Raises:
            OSError: the disk refused.
        """
        if not self._dirty:
            return
        self._dirty = False
        copy = os.dup(self._file)  # the segment may be closed while the thread waits for the disk
        try:
            await asyncio.to_thread(os.fsync, copy)
        finally:
            os.close(copy)

    def close(self, *, sync: bool = False) -> None:
        """Close the file; with `sync`, once the disk has it, if it takes it."""
        with contextlib.suppress(OSError):
            if sync and self._dirty:
                os.fsync(self._file)
        os.close(self._file)


class SegmentReader:
    """Reads the records of one segment by offset; usable while the segment is still written."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self._file = os.open(segment.path, os.O_RDONLY | PLAIN)

    def at(self, offset: int) -> Found | None:
        """The first whole record at or after `offset`; None when there is none up to the segment's size.

        Raises:
            OSError: the disk cannot be read.
        """
        header = read_at(self._file, records.HEADER_SIZE, offset)
        length = records.body_length(header)
        if length is not None and offset + records.HEADER_SIZE + length <= self.segment.size:
            found = records.decode(header + read_at(self._file, length, offset + records.HEADER_SIZE))
        else:
            found = None
        if found is None:  # damaged: look for the next one
            found = records.scan(read_at(self._file, max(self.segment.size - offset, 0), offset))
        return found and Found(found.record, found.start + offset, found.end + offset)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class PositionFile:
    """Up to where the spool was acknowledged: (segment number, offset), checksummed.

    Written in place by one small write, which a killed process cannot tear and a full disk does not refuse. When
    it is lost, or torn by a power failure, reading starts over at the oldest segment: the collector drops repeats.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def read(self) -> tuple[int, int]:
        """The position; (0, 0) when there is none."""
        try:
            data = self._path.read_bytes()
        except OSError:
            return 0, 0
        if len(data) != _POSITION.size + _CHECKSUM.size:
            return 0, 0
        body, checksum = data[: _POSITION.size], data[_POSITION.size :]
        if _CHECKSUM.pack(zlib.crc32(body)) != checksum:
            return 0, 0
        number, offset = _POSITION.unpack(body)
        return number, offset

    def write(self, number: int, offset: int) -> None:
        """Remember the position.

        Raises:
            OSError: the disk refused.
        """
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | PLAIN, 0o600)
        body = _POSITION.pack(number, offset)
        os.pwrite(self._file, body + _CHECKSUM.pack(zlib.crc32(body)), 0)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def lock_folder(folder: Path) -> int | None:
    """An open descriptor of the locked folder, made if need be; None while the disk has no room for one.

    Raises:
        StorageError: the folder cannot be used, or another process uses it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return hold_folder(folder)
    except BlockingIOError as error:
        message = f"spool {folder} is in use by another process; stop it, or give this agent a data_dir of its own"
        raise StorageError(message) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            return None
        raise StorageError(f"spool {folder} cannot be used: {error.strerror}") from error
