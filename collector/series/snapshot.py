"""A private copy of a store's files, taken while a collector may be writing to them."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from collector.series.block_file import free_bytes
from collector.series.files import HISTORY, JOURNAL, RECENT
from collector.series.journal_records import Retirement, replay
from collector.series.ring_copy import copy_ring
from collector.series.store import SeriesStore
from core.clock import Clock
from core.errors import StorageError

_TRIES = 5


@contextlib.contextmanager
def open_snapshot(folder: Path, clock: Clock) -> Iterator[SeriesStore]:
    """A store over a copy of the one in `folder`, whose own files are only read; the copy is removed at the end.

    The copy lies where `TMPDIR` says.

    Raises:
        StorageError: there is no store in the folder, it cannot be read, or there is no room for the copy.
    """
    if not (folder / JOURNAL).is_file():
        raise StorageError(f"{folder} has no series; name the data folder of a collector that has run")
    try:
        with tempfile.TemporaryDirectory(prefix="forewatch-") as name:
            copy = Path(name)
            _require_room(folder, copy)
            take_snapshot(folder, copy)
            store = SeriesStore.open(copy, clock)
            try:
                yield store
            finally:
                store.close()
    except OSError as error:
        raise StorageError(f"{folder} cannot be copied: {error.strerror}") from error


def take_snapshot(folder: Path, copy: Path) -> None:
    """Copy the files of a store that may be in use.

    The journal comes first, so that the rings have every row that it tells of; `copy_ring` makes whole blocks. Only a
    row that is retired and given to another series meanwhile would be wrong: then it is done again.

    Raises:
        StorageError: series were retired during every try.
        OSError: a file cannot be read or written.
    """
    for _ in range(_TRIES):
        before = (folder / JOURNAL).read_bytes()
        (copy / JOURNAL).write_bytes(before)
        for ring in (RECENT, HISTORY):
            copy_ring(folder / ring, copy / ring)
        if _has_only_grown(before, (folder / JOURNAL).read_bytes()):
            return
    raise StorageError(f"{folder}: series are retired faster than it can be copied; try again")


def _has_only_grown(before: bytes, after: bytes) -> bool:
    """Whether nothing but births was added to a journal."""
    told = replay(before)
    if not after.startswith(before[: told.sound_bytes]):
        return False
    added = replay(after).records[len(told.records) :]
    return not any(isinstance(record, Retirement) for record in added)


def _require_room(folder: Path, copy: Path) -> None:
    needed = sum((folder / name).stat().st_size for name in (JOURNAL, RECENT, HISTORY))
    if free_bytes(copy) < needed:
        raise StorageError(f"{copy.parent}: no room for a copy of {needed} bytes; set TMPDIR to where there is")
