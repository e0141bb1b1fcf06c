"""Reading small kernel files quickly."""

from __future__ import annotations

import errno
import os
import weakref
from pathlib import Path

_CHUNK = 1 << 16
_PAGE = 1 << 12
_SHORT = _PAGE // 2
# A path or an option of a mount may be as long as a page, and so may what is told of a CPU or zone at once.
_LONG_PARTS = ("mounts", "mountinfo", "mountstats", "schedstat", "interrupts", "zoneinfo", "cpuinfo")
_KEPT_OPEN = 192
# What an open file says whose device is gone; of procfs EIO when its module or pool went, ESRCH when its process did.
_GONE = frozenset((errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ESTALE, errno.EBADF, errno.EIO, errno.ESRCH))
_LIMIT = 16 << 20  # a mount table of a busy container host is about 1 MiB


class Files:
    """The files below one root (`/proc`, `/sys`), read whole and at most once a round.

    The kernel makes a file's text anew for each reader, and making `/proc/stat` is dear on a large machine, so
    collectors that need the same file share one reading until `forget` starts the next round.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._prefix = f"{root}/"
        self._read: dict[str, bytes] = {}
        self._listed: dict[str, list[str]] = {}

    def text(self, name: str) -> str:
        """The file as text; bytes that are no UTF-8 become U+FFFD.

        Raises:
            FileNotFoundError: this kernel does not have it.
            OSError: it cannot be read.
        """
        return self.data(name).decode("utf-8", "replace")

    def data(self, name: str) -> bytes:
        """The file as it is; errors as `text`."""
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = self._load(name)
        return found

    def _load(self, name: str) -> bytes:
        descriptor = _open(self._prefix + name)
        try:
            return self._content(descriptor, name)
        finally:
            os.close(descriptor)

    def _content(self, descriptor: int, _name: str) -> bytes:
        return _read(descriptor)

    def first_line(self, name: str) -> str | None:
        """The first line without white space around it, None when the file is not there, not readable or empty."""
        try:
            text = self.text(name)
        except OSError:
            return None
        return text.partition("\n")[0].strip() or None

    def names(self, folder: str) -> list[str]:
        """What is in a folder, sorted.

        Raises:
            FileNotFoundError: this kernel does not have it.
            OSError: it cannot be listed.
        """
        found = self._listed.get(folder)
        if found is None:
            found = sorted(os.listdir(self._prefix + folder))  # noqa: PTH208 - twice as fast as Path, each round
            self._listed[folder] = found
        return found

    def target(self, name: str) -> str:
        """The path that a symbolic link leads to in the end; of anything else its own."""
        return os.path.realpath(self._prefix + name)

    def modified_ns(self, name: str) -> int | None:
        """When the file was last changed, None when it is not there; tells whether it must be parsed again."""
        try:
            return os.stat(self._prefix + name).st_mtime_ns  # noqa: PTH116 - twice as fast as Path, once a round
        except OSError:
            return None

    def forget(self) -> None:
        """Start a new round: whatever is asked for is read again."""
        self._read.clear()
        self._listed.clear()

    def reopen(self, folder: str) -> None:
        """Keep no file of a folder open any longer: what has its name now may be another device's."""


def utf8(text: str) -> str:
    """A path or name that the system gave, fit for a label: what was no UTF-8 becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class KernelFiles(Files):
    """Files of procfs and sysfs, kept open: opening one costs as much as reading it.

    They are made anew at each reading, so an open one is never out of date. One that was not read in a round is
    closed, so devices that come and go leave none behind; so is one whose device went away. One whose device was given
    another name stays that device's until `reopen`.

    A reading of procfs ends before the file does only where the next part, a line mostly, has no room in the page (the
    kernel's seq_file.c), so what is shorter than half of one is whole.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._open: dict[str, int] = {}
        self._without: set[str] = set()  # those that had no content in this round
        weakref.finalize(self, _close_all, self._open)

    def forget(self) -> None:
        for name in self._open.keys() - self._read.keys() - self._without:
            os.close(self._open.pop(name))
        self._without.clear()
        super().forget()

    def reopen(self, folder: str) -> None:
        for name in [one for one in self._open if one.startswith(f"{folder}/")]:
            os.close(self._open.pop(name))

    def _load(self, name: str) -> bytes:
        descriptor = self._open.get(name)
        if descriptor is not None:
            try:
                return self._content(descriptor, name)
            except OSError as error:
                if error.errno not in _GONE:
                    self._without.add(name)  # an attribute that has no value now, as the speed of a port that is down
                    raise
                os.close(self._open.pop(name))  # its device is gone; another may have taken the name
        if len(self._open) >= _KEPT_OPEN:
            return super()._load(name)
        self._open[name] = descriptor = _open(self._prefix + name)
        self._without.add(name)
        data = self._content(descriptor, name)
        self._without.discard(name)
        return data

    def _content(self, descriptor: int, name: str) -> bytes:
        data = os.pread(descriptor, _CHUNK, 0)
        return data if len(data) < _SHORT and not name.endswith(_LONG_PARTS) else _read(descriptor, data)


class Attributes(KernelFiles):
    """Files of sysfs: unlike procfs it gives a file of less than a page whole at the first reading."""

    def _content(self, descriptor: int, _name: str) -> bytes:
        data = os.pread(descriptor, _PAGE, 0)
        return data if len(data) < _PAGE else _read(descriptor, data)


def _close_all(descriptors: dict[str, int]) -> None:
    for descriptor in descriptors.values():
        os.close(descriptor)


def _open(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _read(descriptor: int, data: bytes = b"") -> bytes:
    """The whole file, of which this much is known, wherever it was read to before."""
    # procfs may return less than asked for in the middle of a file; only an empty read is its end.
    chunk = data = data or os.pread(descriptor, _CHUNK, 0)
    while chunk and len(data) < _LIMIT:
        chunk = os.pread(descriptor, _CHUNK, len(data))
        data += chunk
    return data
