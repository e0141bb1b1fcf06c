"""A series' samples at two spacings: the recent ones all, and the last of each five minutes for two days.

A five-minute window is aligned to the epoch, as `[n * 300 s, (n + 1) * 300 s)`. When a sample of a later window
arrives, the newest of the window before goes into the history, first there and then the new one into the recent ring,
so that a kill between the two loses nothing; what the history has already is not taken twice.

What hours-long ranges see of it, beyond the recent ring's reach: counters lose nothing but what they counted
between the last sample of a window and a restart; averages weigh each sample by the time it stands for; an
extreme that came and went within one window is missed, unless it was the last sample. `count_over_time` and
`sum_over_time` count what is kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from collector.series.late import Late, place_in, place_of
from collector.series.ring_file import MAX_SPAN_MS
from collector.series.rings import Ring
from collector.series.windows import join_windows, put_before
from rules.source import Ids, Times, Values, Window

SPACING_MS = 300_000
KEPT_MS = 48 * 3_600_000
HISTORY_DEPTH = KEPT_MS // SPACING_MS

_READ = 1024  # series at a time whose history is read: a few ten megabytes
_NO_SAMPLE = -1


class Samples:
    """The two rings as one: rows are the same in both.

    Args:
        recent: every sample.
        history: one a window.
    """

    def __init__(self, recent: Ring, history: Ring) -> None:
        self._recent = recent
        self._history = history
        self._latest_ms = int(recent.last_times.max(initial=_NO_SAMPLE))  # no sample is later

    @property
    def rows(self) -> int:
        return min(self._recent.rows, self._history.rows)

    @property
    def last_times(self) -> Times:
        """[rows] epoch ms of each row's newest sample, -1 for none."""
        return self._recent.last_times

    @property
    def rewrites(self) -> int:
        """Changes whenever samples were forgotten; as long as it stays, rows only get later ones."""
        return self._recent.rewrites + self._history.rewrites

    def oldest_ms(self, rows: slice) -> int | None:
        """Epoch ms of the oldest sample of some rows; None when they have none."""
        ids = np.arange(self.rows)[rows]
        times = np.concatenate([self._recent.oldest_times(ids), self._history.oldest_times(ids)])
        times = times[times != _NO_SAMPLE]
        return int(times.min()) if len(times) else None

    def bytes_for(self, rows: int) -> int:
        """How many bytes on disk `grow` takes."""
        return self._recent.bytes_for(rows) + self._history.bytes_for(rows)

    def grow(self, rows: int) -> None:
        """Make room for `rows`: for their history too, so that no later append can find the disk full.

        Raises:
            StorageError: the disk is full; everything can be read and written as before.
        """
        self._history.grow(rows)
        self._recent.grow(rows)

    def clear(self, ids: Ids) -> None:
        """Forget the samples of some rows."""
        self._recent.clear(ids)
        self._history.clear(ids)

    def append(self, ids: Ids, times: Times, values: Values, ranks: NDArray[np.int64] | None) -> None:
        """As `Ring.append`."""
        if len(ids):
            self._latest_ms = max(self._latest_ms, int(times.max()))
            self._close_windows(ids, times, values, ranks)
            self._recent.append(ids, times, values, ranks)

    def append_next(self, rows: slice, times: Times | int, values: Values, oldest_ms: int, newest_ms: int) -> bool:
        """Append where each sample is just the next one of consecutive rows, as in a sender's steady state.

        The times are [rows], or one for all.

        Returns:
            False, and nothing is appended, where a sample may need a closer look: it is not later than what all
            rows have, not between `oldest_ms` and `newest_ms`, the first of its row or of a five-minute window, or
            after a gap. Four reductions tell, or two.
        """
        last = self._recent.last_times[rows]
        lowest = int(np.minimum.reduce(last))
        first, latest = (times, times) if isinstance(times, int) else (int(times.min()), int(times.max()))
        if (
            lowest < 0
            or first < oldest_ms
            or latest > newest_ms
            or latest - lowest > self._recent.max_gap_ms
            or latest // SPACING_MS > lowest // SPACING_MS
            or int(np.maximum.reduce(last)) >= first
        ):
            return False
        self._latest_ms = max(self._latest_ms, latest)
        return self._recent.append_run(rows, first if first == latest else times, values)

    def insert(self, ids: Ids, times: Times, values: Values) -> NDArray[np.uint8]:
        """Put samples that come late among the newest of their rows, each row once.

        Returns:
            [samples] a `Code` each: `OUT_OF_ORDER` for what too many later samples follow.
        """
        codes, late = place_in(self._recent, ids, times, values)
        if len(late.ids):
            self._revise_history(late)
            self._recent.insert(late.ids, late.times, late.values, late.later)
        return codes

    def newest_values(self, ids: Ids, at_ms: int) -> Values | None:
        """As `rules.source.Columnar.newest_values`; mostly nothing at all is from after the instant."""
        if self._latest_ms > at_ms and (self._recent.last_times.take(ids) > at_ms).any():
            return None
        return self._recent.last_values.take(ids)

    def instant(self, ids: Ids, at_ms: int, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """As `rules.source.Source.instant`.

        A sample of the history stands for a window and counts until the next one's comes, which is up to two
        spacings; or series that were there all the time would seem to come and go.
        """
        times, values, present = self._recent.instant(ids, at_ms, lookback_ms)
        if present.all():
            return times, values, present
        # Of these the recent ring has later samples only, or none at all.
        (without,) = (times == _NO_SAMPLE).nonzero()
        if len(without):
            without = without[self._history.last_times[ids[without]] >= 0]
            rows = without[self._recent.oldest_times(ids[without]) > at_ms]
            found = self._history.instant(ids[rows], at_ms, max(lookback_ms, 2 * SPACING_MS))
            times[rows], values[rows], present[rows] = found
        return times, values, present

    def instants(self, ids: Ids, at_ms: Times, lookback_ms: int) -> tuple[Times, Values, NDArray[np.bool_]]:
        """As `instant`, at each of some ascending instants [steps]: [series, steps] each."""
        times, values, present = self._recent.instants(ids, at_ms, lookback_ms)
        without = np.flatnonzero((times == _NO_SAMPLE).any(axis=1) & (self._history.last_times[ids] >= 0))
        if len(without):
            before = self._recent.oldest_times(ids[without])[:, None] > at_ms
            older = before.any(axis=1)
            rows, before = without[older], before[older]
            found = self._history.instants(ids[rows], at_ms, max(lookback_ms, 2 * SPACING_MS))
            for column, older_column in zip((times, values, present), found, strict=True):
                column[rows] = np.where(before, older_column, column[rows])
        return times, values, present

    def window(self, ids: Ids, start_ms: int, end_ms: int) -> Window:
        """As `rules.source.Source.window`: the recent samples, and before them what the history has."""
        recent = self._recent.window(ids, start_ms, end_ms)
        rows = np.flatnonzero(self._history.last_times[ids] > start_ms)
        if len(rows) == 0:
            return recent
        oldest = self._recent.oldest_times(ids[rows])
        older = (oldest > start_ms) & (self._history.oldest_times(ids[rows]) < oldest)
        rows, last_ms = rows[older], np.minimum(oldest[older] - 1, end_ms)
        if len(rows) == 0:
            return recent
        pieces = (slice(first, first + _READ) for first in range(0, len(rows), _READ))
        history = [self._history.window(ids[rows[piece]], start_ms, last_ms[piece]) for piece in pieces]
        return put_before(recent, rows, join_windows(history), SPACING_MS)

    def value_at(self, ids: Ids, times: Times) -> tuple[Values, NDArray[np.bool_]]:
        """As `Ring.value_at`, of the recent samples."""
        return self._recent.value_at(ids, times)

    def close(self) -> None:
        self._recent.close()
        self._history.close()

    def _close_windows(self, ids: Ids, times: Times, values: Values, ranks: NDArray[np.int64] | None) -> None:
        """Put what these samples make the last of its window into the history."""
        last = self._recent.last_times[ids]
        if int(times.max()) // SPACING_MS <= int(last.min()) // SPACING_MS:
            return  # none is of a later window than the one before it
        if ranks is None:
            self._keep(ids, times, last, self._recent.last_values[ids], several=False)
            return
        order = np.lexsort((ranks, ids))
        rows, times, values = ids[order], times[order], values[order]
        first = np.r_[True, rows[1:] != rows[:-1]]
        before = np.where(first, last[order], np.r_[np.int64(0), times[:-1]])
        held = np.where(first, self._recent.last_values[rows], np.r_[0.0, values[:-1]])
        self._keep(rows, times, before, held, several=True)

    def _keep(self, ids: Ids, times: Times, before: Times, values: Values, *, several: bool) -> None:
        """Of samples at `times` and those before them in their rows, keep the latter where their window is over.

        Args:
            ids: [samples] rows; the samples of a row stand together, ascending.
            times: [samples].
            before: [samples] the time of the sample before, -1 for none.
            values: [samples] the value of the sample before.
            several: whether a row may have more than one.
        """
        # The clock had been wrong: what was before is later, and the recent ring begins anew.
        self._history.clear(ids[times < before])
        over = (before >= 0) & (before // SPACING_MS < times // SPACING_MS)
        over &= (before > self._history.last_times[ids]) & (times - before <= KEPT_MS)
        rows, kept = ids[over], before[over]
        if len(rows) == 0:
            return
        self._append_history(rows, kept, values[over], _ranks(rows) if several else None)

    def _append_history(self, rows: Ids, kept: Times, values: Values, ranks: NDArray[np.int64] | None) -> None:
        oldest = self._history.oldest_times(rows)
        self._history.clear(rows[(oldest >= 0) & (kept - oldest > MAX_SPAN_MS)])
        self._history.append(rows, kept, values, ranks)

    def _revise_history(self, late: Late) -> None:
        """Of late samples keep those that are the last of a window that is over, instead of the one before."""
        late = late.chosen(late.times // SPACING_MS < late.next_times // SPACING_MS)
        if not len(late.ids):
            return
        place = place_of(self._history, late.ids, late.times)
        here = (place.before >= 0) & (place.before // SPACING_MS == late.times // SPACING_MS)
        missing = ~here & ~place.held
        here &= ~place.held & place.fits
        self._history.replace(late.ids[here], late.times[here], late.values[here], place.later[here])
        newest = missing & (place.later == 0)
        self._append_history(late.ids[newest], late.times[newest], late.values[newest], None)
        between = missing & (place.later > 0) & place.fits
        self._history.insert(late.ids[between], late.times[between], late.values[between], place.later[between])


def _ranks(ids: Ids) -> NDArray[np.int64]:
    """How many samples of the same row come before each, when those of a row stand together."""
    first = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    return np.arange(len(ids)) - np.repeat(first, np.diff(np.r_[first, len(ids)]))
