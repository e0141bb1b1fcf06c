"""A memory-mapped file of a header page and equal blocks.

Every block is allocated on disk before it is mapped: a store into a hole of a sparse file would end the
process with SIGBUS when the disk is full, while an allocation that fails is an ordinary error.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import StorageError

HEADER_BYTES = 4096

FreeBytes = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    """Bytes that this user can still write to the folder's file system."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


class Damaged(Exception):  # noqa: N818 - reads as the reason in a raise
    """A file is not what was written; the message says in what way."""


class BlockFile:
    """The file and its mapping; `data` is every block's bytes as one array and is replaced by `grow`.

    Args:
        file: made when it does not exist.
        identity: up to a page that says what the blocks hold and how; a file with another one is `Damaged`.
        block_bytes: a multiple of the page size.

    Raises:
        Damaged: the file is of another kind, or of another geometry.
        StorageError: it cannot be opened or made.
    """

    data: NDArray[np.uint8]

    def __init__(self, file: Path, identity: bytes, block_bytes: int) -> None:
        self._block_bytes = block_bytes
        self._file = file
        header = identity.ljust(HEADER_BYTES, b"\0")
        try:
            self._fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"{file} cannot be opened: {error.strerror}") from error
        try:
            self._check(header)
            self._map()
        except BaseException:
            os.close(self._fd)
            raise

    @property
    def blocks(self) -> int:
        return len(self.data) // self._block_bytes

    def grow(self, blocks: int) -> None:
        """Make room for `blocks` in all; new ones are zero.

        Raises:
            StorageError: the disk is full; the file is as it was.
        """
        before = HEADER_BYTES + self.blocks * self._block_bytes
        wanted = HEADER_BYTES + blocks * self._block_bytes
        if wanted <= before:
            return
        self._allocate(before, wanted)
        self._map()

    def close(self) -> None:
        """Let go of the file; arrays that others still hold stay readable."""
        self.data = np.empty(0, np.uint8)
        os.close(self._fd)

    def _check(self, header: bytes) -> None:
        size = os.fstat(self._fd).st_size
        if size == 0:
            self._allocate(0, HEADER_BYTES)
            os.pwrite(self._fd, header, 0)
            return
        found = os.pread(self._fd, HEADER_BYTES, 0)
        if found != header:
            raise Damaged("its header is not the one expected")
        # Allocating what is allocated is free; a copy that lost its blocks as holes gets them back.
        self._allocate(0, size)
        # A growth that was killed may have left part of a block, which nobody has used.
        os.ftruncate(self._fd, HEADER_BYTES + (size - HEADER_BYTES) // self._block_bytes * self._block_bytes)

    def _allocate(self, start: int, end: int) -> None:
        try:
            os.posix_fallocate(self._fd, start, end - start)
        except OSError as error:
            if os.fstat(self._fd).st_size > start > 0:
                os.ftruncate(self._fd, start)
            raise StorageError(f"{self._file}: no room for {end - start} bytes more: {error.strerror}") from error

    def _map(self) -> None:
        size = os.fstat(self._fd).st_size
        mapped = mmap.mmap(self._fd, size)
        # A sample touches a page here and there: to read megabytes around each would cost milliseconds and memory.
        mapped.madvise(mmap.MADV_RANDOM)
        self.data = np.frombuffer(mapped, np.uint8)[HEADER_BYTES:]
