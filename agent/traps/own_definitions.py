"""Definitions of traps of one's own, read again when a file of their folder changes."""

from __future__ import annotations

import enum
from pathlib import Path

from agent.traps.catalogue import load_catalogue
from agent.traps.definition import Catalogue

RENEW_SECONDS = 10.0

# Name, time of the last change in nanoseconds, size.
_File = tuple[str, int, int]


class Reload(enum.StrEnum):
    """How reading definitions again ended."""

    LOADED = "loaded"
    REFUSED = "refused"  # something in them is wrong


class OwnDefinitions:
    """The shipped definitions and those of a folder; None for no folder of one's own."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._seen: frozenset[_File] = frozenset()

    def read(self) -> Catalogue:
        """All definitions as they are now.

        Raises:
            ConfigError: the folder is not there, or something in one of its files is wrong.
        """
        self._seen = self._files()  # before they are read: what changes meanwhile is read again
        return load_catalogue(self._folder)

    def have_changed(self) -> bool:
        """Whether a file of the folder came, went or changed since they were read; wrong ones are not read twice."""
        return self._folder is not None and self._files() != self._seen

    def _files(self) -> frozenset[_File]:
        found = set()
        for file in self._folder.glob("*.yaml") if self._folder is not None else ():
            try:
                stat = file.stat()
            except OSError:  # it went meanwhile
                continue
            found.add((file.name, stat.st_mtime_ns, stat.st_size))
        return frozenset(found)
