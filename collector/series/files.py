"""Opening the store's files: one process at a time, damage set aside, the journal kept short."""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from collector.series.block_file import Damaged
from collector.series.dictionary import Dictionary
from collector.series.journal import Journal
from collector.series.journal_records import Retirement, replay
from collector.series.ring_file import MAX_SPAN_MS
from collector.series.rings import Ring
from collector.series.samples import HISTORY_DEPTH, Samples
from core.clock import to_datetime
from core.errors import StorageError
from core.log import get_logger

log = get_logger(__name__)

JOURNAL, RECENT, HISTORY, _LOCK = "series.journal", "recent.ring", "history.ring", "lock"
_SPARE = 10_000  # births and retirements of the dead that a journal may carry in any case


@dataclass(frozen=True, slots=True)
class Files:
    """What an open store stands on."""

    folder: Path
    journal: Journal
    dictionary: Dictionary
    samples: Samples
    lock: int

    def shorten(self) -> None:
        """Rewrite the journal when more of it tells of the dead than of the living."""
        if self.journal.dead <= len(self.dictionary) + _SPARE:
            return
        try:
            self.dictionary.move(*self.journal.replace(self.dictionary.births()))
        except StorageError as error:  # only disk and a longer start are lost
            log.warning("series journal not shortened", error=error)

    def close(self) -> None:
        self.journal.close()
        self.samples.close()
        os.close(self.lock)


def open_files(folder: Path, depth: int, now_ms: int) -> Files:
    """Open or make the files in `folder`.

    Raises:
        StorageError: they cannot be opened, or another process has them.
    """
    with contextlib.ExitStack() as opened:
        lock = _take(folder)
        opened.callback(os.close, lock)
        journal, dictionary = _load(folder / JOURNAL, now_ms)
        opened.callback(journal.close)
        samples = Samples(
            _open_ring(folder / RECENT, depth, None, dictionary.high, now_ms),
            _open_ring(folder / HISTORY, HISTORY_DEPTH, MAX_SPAN_MS, dictionary.high, now_ms),
        )
        opened.pop_all()
    files = Files(folder, journal, dictionary, samples, lock)
    files.shorten()
    return files


def _take(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"{folder} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise StorageError(f"{folder} is in use by another process; give each collector its own data_dir") from error
    return lock


def _load(file: Path, now_ms: int) -> tuple[Journal, Dictionary]:
    """The journal, sound again, and the dictionary that it tells of."""
    try:
        content = file.read_bytes() if file.exists() else b""
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}") from error
    told = replay(content)
    if told.sound_bytes < len(content) and not told.lost_bytes:
        os.truncate(file, told.sound_bytes)
        log.info("unfinished record cut off", file=file, bytes=len(content) - told.sound_bytes)
    journal = Journal(file, dead=sum(2 * len(record.ids) for record in told.records if isinstance(record, Retirement)))
    try:
        dictionary = Dictionary.replayed(told, journal.keys())
        if told.lost_bytes:
            reason = f"{told.lost_bytes} of its bytes are damaged; {len(dictionary)} series were saved"
            aside = partial(_set_aside, reason=reason, now_ms=now_ms, keep=True)
            dictionary.move(*journal.replace(dictionary.births(), set_aside=aside))
    except BaseException:
        journal.close()
        raise
    return journal, dictionary


def _open_ring(file: Path, depth: int, max_gap_ms: int | None, rows: int, now_ms: int) -> Ring:
    existed = file.exists()
    try:
        ring = Ring(file, depth, max_gap_ms=max_gap_ms)
        damage = f"it has {ring.rows} rows where {rows} are in use" if existed and ring.rows < rows else ""
    except Damaged as error:
        damage = str(error)
    if damage:
        _set_aside(file, f"{damage}; series begin with empty windows", now_ms)
        ring = Ring(file, depth, max_gap_ms=max_gap_ms)
    if ring.broken_rows:
        log.error("rows with damaged heads begin with empty windows", file=file, rows=ring.broken_rows)
    ring.grow(rows)
    return ring


def _set_aside(file: Path, reason: str, now_ms: int, *, keep: bool = False) -> None:
    """Give a damaged file another name; `keep` leaves it here too, until it is replaced by what was saved of it."""
    aside = file.with_name(f"{file.name}.corrupt-{to_datetime(now_ms):%Y%m%dT%H%M%SZ}")
    if not (keep and _link(file, aside)):
        file.replace(aside)
    log.error("damaged file set aside", file=file, now=aside.name, reason=reason)


def _link(file: Path, name: Path) -> bool:
    """Give a file a second name; False where its file system has no such thing."""
    try:
        name.unlink(missing_ok=True)
        name.hardlink_to(file)
    except OSError:
        return False
    return True
