"""Reading small kernel files quickly."""

from __future__ import annotations

import os
from pathlib import Path

_CHUNK = 1 << 16
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
            found = self._read[name] = _read(self._prefix + name)
        return found

    def first_line(self, name: str) -> str | None:
        """The first line without white space around it, None when the file is not there, not readable or empty."""
        try:
            text = self.text(name)
        except OSError:
            return None
        return text.partition("\n")[0].strip() or None

    def modified_ns(self, name: str) -> int | None:
        """When the file was last changed, None when it is not there; tells whether it must be parsed again."""
        try:
            return os.stat(self._prefix + name).st_mtime_ns  # noqa: PTH116 - twice as fast as Path, once a round
        except OSError:
            return None

    def forget(self) -> None:
        """Start a new round: whatever is asked for is read again."""
        self._read.clear()


def utf8(text: str) -> str:
    """A path or name that the system gave, fit for a label: what was no UTF-8 becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # procfs may return less than asked for in the middle of a file; only an empty read is its end.
        data = chunk = os.read(descriptor, _CHUNK)
        while chunk and len(data) < _LIMIT:
            chunk = os.read(descriptor, _CHUNK)
            data += chunk
        return data
    finally:
        os.close(descriptor)
