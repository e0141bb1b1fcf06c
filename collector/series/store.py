"""The series store: every live series' newest samples, by columns, safe against a killed process.

Files in one folder: `series.journal` (which label set owns which row), `recent.ring` (every recent sample),
`history.ring` (one per five minutes for two days) and `lock`. What is acknowledged is in the page cache by
then, which outlives the process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from collector.series.admission import admit
from collector.series.block_file import FreeBytes, free_bytes
from collector.series.columns import Columns
from collector.series.files import Files, open_files
from collector.series.journal import Birth, Retirement
from collector.series.limits import SeriesLimits
from collector.series.postings import Postings, any_of, select
from collector.series.refusal import Code, Refusals
from collector.series.rings import run_of
from collector.series.tee import Tee
from collector.series.turns import Turns
from collector.series.windows import join_windows
from core.clock import Clock
from core.errors import StorageError
from core.labels import Labels
from core.log import get_logger
from core.remote_write import encode_labels
from rules.source import Ids, Matcher, Times, Values, Window

log = get_logger(__name__)

DEPTH = 128  # samples a series: 32 minutes at 15 s
REFUSED = -1  # stands for a series that the limits refuse
_SEARCH = 4096  # samples at a time that are looked up in the rings
_READ_STEPS = 512  # series at a time that are read at many instants: writers wait no longer than for these
_READ = 2048  # series at a time whose windows are read: their arrays stay in the processor's cache


class SeriesStore:
    """Samples by series id; implements `rules.source.Source`. Every method may be called from any thread.

    Make one with `SeriesStore.open`.

    Attributes:
        tee: who is to get a copy of what is taken, from those who append; None for nobody.
    """

    tee: Tee | None = None

    def __init__(self, files: Files, clock: Clock, limits: SeriesLimits, free: FreeBytes) -> None:
        self._files = files
        self._dictionary = files.dictionary
        self._samples = files.samples
        self._clock = clock
        self._limits = limits
        self._free = free
        self._turns = Turns()
        self._generation = 1
        self._retirements = 0
        self._selected: dict[tuple[Matcher, ...], Ids] = {}
        self._columns = Columns()
        self._columns.grow(self._samples.rows)
        ids = np.fromiter(self._dictionary.rows.values(), np.int64, len(self._dictionary))
        self._columns.bear(ids, self._generation, clock.now_ms() // 1000)
        self._postings = Postings()
        self._postings.add((row, self._dictionary.decode(row)) for row in sorted(ids.tolist()))

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

    @property
    def known(self) -> Mapping[bytes, int]:
        """Key (`core.remote_write.encode_labels`) → id of every live series, to look up only."""
        return self._dictionary.rows

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
            rows = self._dictionary.rows
            new = list(dict.fromkeys(key for key in keys if key not in rows))
            if new:
                self._bear(new[: self._room(sender)], sender)
            return np.fromiter((rows.get(key, REFUSED) for key in keys), np.int64, len(keys))

    def append(self, ids: Ids, times: Times, values: Values) -> Refusals:
        """Append samples as if one by one in the order given; each is accepted or refused on its own.

        Args:
            ids: [samples] from `resolve` under the current `retirements`.
            times: [samples] epoch ms.
            values: [samples]; NaN, infinities and the stale marker are values like any other.

        Raises:
            StorageError: less than the reserve is free on the disk; nothing was appended.
        """
        with self._turns.writing():
            self._require_space(0)
            now_ms = self._clock.now_ms()
            oldest_ms, newest_ms = max(0, now_ms - self._limits.max_age_ms), now_ms + self._limits.max_ahead_ms
            run = run_of(ids)
            if run is not None and self._samples.append_next(run, times, values, oldest_ms, newest_ms):
                self._columns.arrived[run] = now_ms // 1000
                return Refusals(len(ids))
            last_times = self._last_times_until(ids, newest_ms)
            admission = admit(ids, times, last_times, oldest_ms=oldest_ms, newest_ms=newest_ms)
            codes, ranks = admission.codes, admission.ranks
            if not codes.any():
                self._write(ids, times, values, ranks, now_ms)
                return Refusals(len(ids))
            taken = np.flatnonzero(codes == Code.ACCEPTED)
            self._write(ids[taken], times[taken], values[taken], None if ranks is None else ranks[taken], now_ms)
            self._tell_duplicates(codes, ids, times, values)
            return Refusals.of(codes)

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

    def born_since(self, generation: int) -> Ids:
        """Ids of the live series born after `generation`, ascending; 0 asks for all."""
        with self._turns.reading():
            return np.flatnonzero(self._columns.live & (self._columns.born > generation)).astype(np.int64)

    def last_times(self, ids: Ids) -> Times:
        """[ids] epoch ms of each series' newest sample, -1 for none: whether anything is new, in one gather."""
        with self._turns.reading():
            newest: Times = self._samples.last_times.take(ids)
            return newest

    def oldest_ms(self) -> int | None:
        """Epoch ms of the oldest sample of all; None when there is none. Looks at every series, some at a time."""
        oldest: list[int] = []
        for first in range(0, self._samples.rows, _READ):
            with self._turns.reading():
                found = self._samples.oldest_ms(slice(first, first + _READ))
            if found is not None:
                oldest.append(found)
        return min(oldest, default=None)

    def instant(self, ids: Ids, at_ms: int, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """Per series the newest sample in (at - lookback, at]; present is False where there is none or it is stale."""
        with self._turns.reading():
            return self._samples.instant(ids, at_ms, lookback_ms)

    def instants(self, ids: Ids, at_ms: Times, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """As `instant` at each of some ascending instants [steps], in one read: [series, steps] each.

        Many series are read some at a time, between which samples may be appended.
        """
        shape = len(ids), len(at_ms)
        times, values, present = np.empty(shape, np.int64), np.empty(shape), np.empty(shape, np.bool_)
        for first in range(0, len(ids), _READ_STEPS):
            part = slice(first, first + _READ_STEPS)
            with self._turns.reading():
                times[part], values[part], present[part] = self._samples.instants(ids[part], at_ms, lookback_ms)
        return times, values, present

    def window(self, ids: Ids, start_ms: int, end_ms: int) -> Window:
        """The samples in the left-open range (start, end], as far as the rings reach back.

        Many series are read some at a time, between which samples may be appended.
        """
        pieces: list[Window] = []
        for first in range(0, max(len(ids), 1), _READ):
            with self._turns.reading():
                pieces.append(self._samples.window(ids[first : first + _READ], start_ms, end_ms))
        return join_windows(pieces)

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

    def _bear(self, keys: list[bytes], sender: str) -> None:
        if not keys:
            return
        rows = self._dictionary.vacant(len(keys))
        top = max(rows) + 1
        self._require_space(self._samples.bytes_for(top) + sum(map(len, keys)))
        self._samples.grow(top)
        self._columns.grow(self._samples.rows)
        ids = np.array(rows, np.int64)
        # Cleared before the journal says whose they are: no kill can show a series another one's samples.
        self._samples.clear(ids)
        self._files.journal.append(Birth(sender, rows, keys))
        self._dictionary.add(sender, rows, keys)
        self._turn_over()
        self._columns.bear(ids, self._generation, self._clock.now_ms() // 1000)
        self._postings.add((row, self._dictionary.decode(row)) for row in rows)

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

    def _write(self, ids: Ids, times: Times, values: Values, ranks: NDArray[np.int64] | None, now_ms: int) -> None:
        self._samples.append(ids, times, values, ranks)
        self._columns.arrived[ids] = now_ms // 1000

    def _last_times_until(self, ids: Ids, newest_ms: int) -> Times:
        """[ids] times of the newest samples, -1 for none; none lies ahead of what may be taken.

        A series whose newest sample does lie ahead begins anew: the clock has been set back by more than that,
        and until it had caught up everything would be out of order.
        """
        if not len(self._samples.last_times):
            return np.full(len(ids), -1)
        ahead = (self._samples.last_times[ids] > newest_ms) & (ids >= 0)
        if ahead.any():
            rows = np.unique(ids[ahead])
            log.warning("series begin anew: their samples lie in the future, the clock was set back", series=len(rows))
            self._samples.clear(rows)
        return self._samples.last_times[ids]

    def _tell_duplicates(self, codes: NDArray[np.uint8], ids: Ids, times: Times, values: Values) -> None:
        """Of what came too late, find what the store already holds: the same sample again is no fault."""
        late = np.flatnonzero(codes == Code.OUT_OF_ORDER)
        for start in range(0, len(late), _SEARCH):
            part = late[start : start + _SEARCH]
            held, found = self._samples.value_at(ids[part], times[part])
            same = held.view(np.uint64) == values[part].view(np.uint64)
            codes[part[found & same]] = Code.DUPLICATE
            codes[part[found & ~same]] = Code.DUPLICATE_TIMESTAMP
            self._columns.arrived[ids[part[found & same]]] = self._clock.now_ms() // 1000


def _chosen(ids: Ids, rows: int) -> NDArray[np.bool_]:
    """[rows] which of them are among `ids`."""
    chosen = np.zeros(rows, np.bool_)
    chosen[ids[ids < rows]] = True
    return chosen
