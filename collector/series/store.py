"""The series store: every live series' newest samples, by columns, safe against a killed process.

Files in one folder: `series.journal` (which label set owns which row), `recent.ring` (every recent sample),
`history.ring` (one per five minutes for two days) and `lock`. What is acknowledged is in the page cache by
then, which outlives the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from collector.series.appending import Appender
from collector.series.block_file import FreeBytes, free_bytes
from collector.series.columns import Columns
from collector.series.files import Files, open_files
from collector.series.journal_records import Birth, Retirement
from collector.series.key_file import LONGEST
from collector.series.limits import SeriesLimits
from collector.series.postings import Postings, any_of, select
from collector.series.reading import SampleReads
from collector.series.refusal import Refusals
from collector.series.tee import Tee
from core.clock import Clock
from core.errors import StorageError
from core.labels import Labels
from core.log import get_logger
from core.remote_write import encode_labels
from rules.source import Ids, Matcher, Times, Values

log = get_logger(__name__)

DEPTH = 128  # samples a series: 32 minutes at 15 s
UNKNOWN = -1  # stands for a series that the store does not have
REFUSED = -1  # stands for one that the limits refuse


class SeriesStore(SampleReads):
    """Samples by series id; implements `rules.source.Source`. Every method may be called from any thread.

    Make one with `SeriesStore.open`.

    Attributes:
        tee: who is to get a copy of what is taken, from those who append; None for nobody.
    """

    tee: Tee | None = None

    def __init__(self, files: Files, clock: Clock, limits: SeriesLimits, free: FreeBytes) -> None:
        super().__init__(files.samples)
        self._files = files
        self._dictionary = files.dictionary
        self._clock = clock
        self._limits = limits
        self._free = free
        self._generation = 1
        self._retirements = 0
        self._selected: dict[tuple[Matcher, ...], Ids] = {}
        self._columns = Columns()
        self._columns.grow(self._samples.rows)
        self._columns.bear(self._dictionary.live(), clock.now_ms() // 1000)
        self._appender = Appender(self._samples, self._columns, limits)
        self._postings = Postings()
        self._postings.add(self._dictionary.by_row())

    @classmethod
    def open(
        cls, folder: Path, clock: Clock, limits: SeriesLimits | None = None, *, free: FreeBytes = free_bytes
    ) -> SeriesStore:
        """The store in `folder`, which is made when missing; damaged files are set aside and logged.

        `free` tells the free bytes of the folder's file system.

        Raises:
            StorageError: the folder cannot be used, or another process uses it.
        """
        started = clock.monotonic()
        store = cls(open_files(folder, DEPTH, clock.now_ms()), clock, limits or SeriesLimits(), free)
        seconds = round(clock.monotonic() - started, 3)
        log.info("series store opened", folder=folder, series=len(store), seconds=seconds)
        return store

    def __len__(self) -> int:
        """How many series are live."""
        return len(self._dictionary)

    @property
    def generation(self) -> int:
        """Changes whenever a series is born or retired."""
        return self._generation

    @property
    def retirements(self) -> int:
        """Changes whenever ids may have come to mean other series; births alone leave it."""
        return self._retirements

    @property
    def rewrites(self) -> int:
        """Changes whenever samples were forgotten; as long as it stays, series only get later ones."""
        return self._samples.rewrites

    def find(self, keys: Sequence[bytes]) -> Ids:
        """[keys] the id of each key (`core.remote_write.encode_labels`), `UNKNOWN` for one that no live series has."""
        with self._turns.reading():
            return self._dictionary.find(keys)

    def resolve(self, label_sets: Sequence[Labels], *, sender: str = "") -> Ids:
        """As `resolve_keys`, from label sets."""
        return self.resolve_keys([encode_labels(label_set) for label_set in label_sets], sender=sender)

    def resolve_keys(self, keys: Sequence[bytes], *, sender: str = "") -> Ids:
        """The ids of valid label sets, given as keys; unknown series are born on the account of `sender`.

        Returns:
            [keys] ids; `REFUSED` where a limit refuses a new series. `append` takes them as they are.

        Raises:
            StorageError: the disk is full; no series was born.
        """
        with self._turns.writing():
            ids = self._dictionary.find(keys)
            (unknown,) = (ids == UNKNOWN).nonzero()
            if len(unknown):
                new = dict.fromkeys([keys[at] for at in unknown.tolist()], REFUSED)
                born = [key for key in new if len(key) <= LONGEST][: self._room(sender)]
                new.update(zip(born, self._bear(born, sender), strict=True))
                ids[unknown] = [new[keys[at]] for at in unknown.tolist()]
            return ids

    def append(self, ids: Ids, times: Times, values: Values) -> Refusals:
        """Append samples as if one by one in the order given; each is accepted or refused on its own.

        Those that are not later than what their series have are looked at after the others: `Appender`.

        Args:
            ids: [samples] from `resolve` under the current `retirements`.
            times: [samples] epoch ms.
            values: [samples]; NaN, infinities and the stale marker are values like any other.

        Raises:
            StorageError: less than the reserve is free on the disk; nothing was appended.
        """
        with self._turns.writing():
            self._require_space(0)
            return self._appender.append(ids, times, values, self._clock.now_ms())

    def append_next(self, rows: slice, times: Times | int, values: Values) -> bool:
        """Append a sample to each of consecutive series, if each is just its next one; False, and nothing done, if not.

        Args:
            rows: their ids, from `resolve` under the current `retirements`.
            times: [rows] epoch ms, or one for all.
            values: [rows].

        Raises:
            StorageError: as `append`.
        """
        with self._turns.writing():
            self._require_space(0)
            return self._appender.append_next(rows, times, values, self._clock.now_ms())

    def select(self, matchers: Sequence[Matcher]) -> Ids:
        """Ids of the series whose labels satisfy every matcher, ascending; the array is shared, do not write to it.

        Raises:
            ValueError: a pattern is no regular expression.
        """
        key = tuple(matchers)
        with self._turns.reading():
            found = self._selected.get(key)
            if found is not None:
                return found
            generation = self._generation
            excerpt = self._postings.excerpt(key)
            live = self._columns.live.copy()
        # Patterns are tried on every value of a label, which may take a while: nobody waits for that.
        found = select(key, excerpt, live)
        found.flags.writeable = False
        with self._turns.reading():
            if self._generation == generation:
                self._selected[key] = found
        return found

    def labels(self, series_id: int) -> Labels:
        """The label set of a series.

        Raises:
            KeyError: no live series has this id.
        """
        return self._dictionary.labels(int(series_id))

    def label_names(self, ids: Ids | None = None) -> list[str]:
        """The names of the labels that some series have (None: all live ones), in order."""
        with self._turns.reading():
            by_label = self._postings.by_label()
            rows = self._samples.rows
        if ids is None:
            return sorted(name for name, _ in by_label)
        chosen = _chosen(ids, rows)
        return sorted(name for name, values in by_label if any(any_of(of, chosen) for _, of in values))

    def label_values(self, name: str, ids: Ids | None = None) -> list[str]:
        """The values of a label that some series have (None: all live ones), in order."""
        with self._turns.reading():
            values = self._postings.of_label(name)
            rows = self._samples.rows
        if ids is None:
            return sorted(value for value, _ in values)
        chosen = _chosen(ids, rows)
        return sorted(value for value, of in values if any_of(of, chosen))

    def retire(self) -> int:
        """Forget series for which nothing has arrived for the configured time; returns how many.

        Raises:
            StorageError: the disk is full; no series was forgotten.
        """
        with self._turns.writing():
            ids = self._columns.silent_since((self._clock.now_ms() - self._limits.retire_after_ms) // 1000)
            if len(ids) == 0:
                return 0
            rows = ids.tolist()
            self._files.journal.append(Retirement(rows))
            self._postings.remove([(row, self._dictionary.decode(row)) for row in rows])
            self._dictionary.remove(rows)
            self._columns.live[ids] = False
            self._samples.clear(ids)
            self._retirements += 1
            self._turn_over()
            self._files.shorten()
            return len(rows)

    def close(self) -> None:
        """Let go of the files; nothing needs to be flushed."""
        with self._turns.writing():
            self._files.close()

    def _room(self, sender: str) -> int:
        """How many more series the limits allow this sender."""
        in_all = self._limits.max_series - len(self._dictionary)
        its_own = self._limits.max_series_per_sender - self._dictionary.per_sender[sender]
        return max(0, min(in_all, its_own))

    def _bear(self, keys: list[bytes], sender: str) -> list[int]:
        """The rows that keys without any take."""
        if not keys:
            return []
        rows = self._dictionary.vacant(len(keys))
        top = max(rows) + 1
        self._require_space(self._samples.bytes_for(top) + sum(map(len, keys)))
        self._samples.grow(top)
        self._columns.grow(self._samples.rows)
        ids = np.array(rows, np.int64)
        # Cleared before the journal says whose they are: no kill can show a series another one's samples.
        self._samples.clear(ids)
        file, places = self._files.journal.bear(Birth(sender, rows, keys))
        self._dictionary.add(sender, rows, keys, places, file)
        self._turn_over()
        self._columns.bear(ids, self._clock.now_ms() // 1000)
        self._postings.add(zip(rows, keys, strict=True))
        return rows

    def _turn_over(self) -> None:
        self._generation += 1
        self._selected.clear()

    def _require_space(self, needed: int) -> None:
        free = self._free(self._files.folder)
        if free < self._limits.reserve_bytes + needed:
            raise StorageError(
                f"{self._files.folder}: {free} bytes are free on its disk, {self._limits.reserve_bytes} are kept "
                f"in reserve and {needed} are needed; make room"
            )


def _chosen(ids: Ids, rows: int) -> NDArray[np.bool_]:
    """[rows] which of them are among `ids`."""
    chosen = np.zeros(rows, np.bool_)
    chosen[ids[ids < rows]] = True
    return chosen
