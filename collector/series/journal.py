"""The series journal: an append-only file of records (`collector.series.journal_records`).

A record is written in full before its rows are used, so a torn last record tells of nothing that was acknowledged.
Keys are kept nowhere else: the store maps the file and looks them up where they stand.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from collector.series.journal_records import Birth, Retirement, encode, key_places
from collector.series.key_file import KeyFile, Places
from core.errors import StorageError

Moved = list[tuple[Sequence[int], Places]]  # rows, and where their keys stand in another file


class Journal:
    """The open file, at whose end records are appended.

    What lies behind the end, because a record could not be written in full nor taken back, is overwritten by the next.

    Attributes:
        dead: births and retirements in the file that tell of no live series, about.

    Raises:
        StorageError: the file cannot be opened.
    """

    def __init__(self, file: Path, *, dead: int = 0) -> None:
        self._file, self._draft = file, file.with_suffix(".draft")
        self._fd = _open(file)
        self._discard_draft()  # of a process that was killed while it rewrote the file
        self._size = os.fstat(self._fd).st_size
        self.dead = dead

    def append(self, record: Birth | Retirement) -> None:
        """Write a record in full.

        Raises:
            StorageError: the disk is full; the file is as it was.
        """
        self._append(encode(record))
        if isinstance(record, Retirement):
            self.dead += 2 * len(record.ids)

    def bear(self, birth: Birth) -> tuple[KeyFile, Places]:
        """Write a birth in full; returns the keys that the file tells of, and where those of the birth stand.

        Raises:
            StorageError: the disk is full, or the file cannot be mapped; it is as it was.
        """
        start = self._size
        self._append(encode(birth))
        try:
            return self.keys(), key_places(birth, start)
        except StorageError:
            self._size = start
            self._cut()
            raise

    def keys(self) -> KeyFile:
        """The keys that the file tells of by now.

        Raises:
            StorageError: the file cannot be mapped.
        """
        try:
            return KeyFile(self._fd, self._size)
        except OSError as error:
            raise StorageError(f"{self._file} cannot be mapped: {error.strerror}") from error
        except ValueError as error:  # somebody has cut it
            raise StorageError(f"{self._file} cannot be mapped: {error}; restart the collector") from error

    def replace(
        self, births: Iterable[Birth], *, set_aside: Callable[[Path], object] | None = None
    ) -> tuple[KeyFile, Moved]:
        """Begin a new file that tells of `births` only, at once or not at all.

        Args:
            births: what it tells.
            set_aside: keeps the former file, given by its path, once the new one is written.

        Returns:
            Its keys, and for each record its rows and where their keys stand.

        Raises:
            StorageError: the disk is full; the file is as it was.
        """
        descriptor = _open(self._draft, os.O_TRUNC)
        try:
            size, moved = _write_births(descriptor, births)
            keys = KeyFile(descriptor, size)
            os.fsync(descriptor)
            if set_aside is not None:
                set_aside(self._file)
            self._draft.replace(self._file)
        except OSError as error:
            os.close(descriptor)
            self._discard_draft()
            raise StorageError(f"{self._file} cannot be rewritten: {error.strerror}") from error
        os.close(self._fd)
        self._fd, self._size, self.dead = descriptor, size, 0
        return keys, moved

    def close(self) -> None:
        os.close(self._fd)

    def _append(self, content: bytes) -> None:
        try:
            _write(self._fd, content, self._size)
        except OSError as error:
            self._cut()
            raise StorageError(f"{self._file} cannot be written: {error.strerror}") from error
        self._size += len(content)

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self._size)

    def _discard_draft(self) -> None:
        with contextlib.suppress(OSError):
            self._draft.unlink()


def _write_births(descriptor: int, births: Iterable[Birth]) -> tuple[int, Moved]:
    """Write records to an empty file; returns how long it is, and where the keys of each stand."""
    size, moved = 0, []
    for birth in births:
        content = encode(birth)
        _write(descriptor, content, size)
        moved.append((birth.ids, key_places(birth, size)))
        size += len(content)
    return size, moved


def _open(file: Path, flags: int = 0) -> int:
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)
    except OSError as error:
        raise StorageError(f"{file} cannot be opened: {error.strerror}") from error


def _write(descriptor: int, content: bytes, offset: int) -> None:
    written = 0
    while written < len(content):
        written += os.pwrite(descriptor, memoryview(content)[written:], offset + written)
