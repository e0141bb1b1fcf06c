"""What files need and systems spell differently: flags, reading at an offset, a folder of one's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Not inherited by programs that are started, and bytes as they are.
PLAIN = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

if sys.platform == "win32":
    import msvcrt

    def read_at(descriptor: int, count: int, offset: int) -> bytes:
        """Up to `count` bytes from `offset`; moves the descriptor's position, which only its reader uses."""
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, count)

    def hold_folder(folder: Path) -> int:
        """A descriptor that keeps `folder` for this process until it is closed; Windows locks files only."""
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | PLAIN, 0o600)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            os.close(descriptor)
            raise BlockingIOError(error.errno, error.strerror) from error
        return descriptor

else:
    import fcntl

    read_at = os.pread

    def hold_folder(folder: Path) -> int:
        """A descriptor that keeps `folder` for this process until it is closed.

        Raises:
            BlockingIOError: another process holds it.
            OSError: it cannot be opened.
        """
        descriptor = os.open(folder, os.O_RDONLY | PLAIN)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor
