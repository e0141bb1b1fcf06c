"""What the nodes of one or more instants read from the source: each selector once, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rules.errors import EvaluationError
from rules.functions.shapes import Digest, OfRange, Samples, Sight
from rules.promql.digests import Digests
from rules.promql.plan import Selector, When
from rules.promql.ribbon import Ribbon
from rules.promql.selectors import Selection, Selections
from rules.promql.vector import Block, Ints, Mask, Values
from rules.source import Columnar, Matcher, Source, newest_at

_READ_RANGES, _READ_MS = 4, 900_000  # how far a read of several steps reaches: ranges, and at least this long
MAX_CELLS = 50_000_000  # values of selectors [series, steps] that one query may hold


class Reading:
    """Reads at some instants; what was read is kept for other rules.

    Attributes:
        span: first and last instant of the whole query, epoch ms.
    """

    def __init__(
        self,
        source: Source,
        selections: Selections,
        times: Ints,
        digests: Digests | None = None,
        columns: Columnar | None = None,
    ) -> None:
        self._source = source
        self._columns = columns
        self._digests = digests
        self._token = object()
        self._selections = selections
        self._times = times
        self.span = int(times[0]), int(times[-1])
        # Pinned, because series are born and retired while this runs and values must fit their labels.
        self._selected: dict[tuple[Matcher, ...], Selection] = {}
        self._blocks: dict[Selector, Block] = {}
        self._newest: dict[Selector, Values | None] = {}
        self._samples: dict[tuple[Selector, int], list[tuple[Sight, Samples]]] = {}
        self._cells = [0]

    def within(self, times: Ints) -> Reading:
        """A reading at the instants of a subquery: the same series, the same start and end, the same limit."""
        inner = Reading(self._source, self._selections, times)
        inner.span, inner._selected, inner._cells = self.span, self._selected, self._cells
        return inner

    def select(self, selector: Selector) -> Selection:
        """The series of a selector."""
        selection = self._selected.get(selector.matchers)
        if selection is None:
            selection = self._selected[selector.matchers] = self._selections.get(selector.matchers)
        return selection

    def block(self, selector: Selector) -> Block:
        """The newest samples of a selector at each step."""
        block = self._blocks.get(selector)
        if block is None:
            selection = self.select(selector)
            _, values, present = self._samples_of(selection, selector)
            block = self._blocks[selector] = Block(selection.table, values, present)
        return block

    def newest_values(self, selector: Selector) -> Values | None:
        """[series] the newest value of each series of a selector, though it may be too old to count, or stale.

        None where that is not at hand: at several steps, of a source without columns, or when a series has a sample
        from after the instant.
        """
        if self._columns is None or len(self._times) > 1:
            return None
        if selector not in self._newest:
            self._newest[selector] = self._read_newest(self._columns, selector)
        return self._newest[selector]

    def _read_newest(self, columns: Columnar, selector: Selector) -> Values | None:
        ids = self.select(selector).ids
        if not len(ids):  # as of many a rule of which this site has no series
            return np.empty(0)
        return columns.newest_values(ids, int(selector.when.instants(self._times, self.span)[0]))

    def samples(self, selector: Selector) -> tuple[Ints, Values, Mask]:
        """The newest samples' times, values and presence, each [series, steps]."""
        return self._samples_of(self.select(selector), selector)

    def _samples_of(self, selection: Selection, selector: Selector) -> tuple[Ints, Values, Mask]:
        ids, steps = selection.ids, len(self._times)
        if not len(ids):  # as of many a rule of which this site has no series
            return np.empty((0, steps), np.int64), np.empty((0, steps)), np.empty((0, steps), np.bool_)
        instants = selector.when.instants(self._times, self.span)
        if steps == 1:
            times, values, present = self._source.instant(ids, int(instants[0]), selector.lookback_ms)
            return times[:, None], values[:, None], present[:, None]
        self.require_room(len(ids))
        return newest_at(self._source, ids, instants, selector.lookback_ms)

    def digest(
        self, selector: Selector, range_ms: int, function: OfRange, numbers: tuple[float, ...]
    ) -> tuple[Sight, Digest] | None:
        """What is kept of a range that ends at the instant itself; None where the range is to be read."""
        if self._digests is None or len(self._times) > 1 or selector.when != When():
            return None
        end = int(self._times[0])
        sight, given = Sight(end - range_ms, end, end), () if function.finish else numbers
        name = function.digest, *map(str, given)  # by their text, as NaN is equal to no other
        digest = self._digests.get(
            self._token, self.select(selector), (selector.matchers, range_ms), sight, name,
            lambda samples: function.digest(samples, *given),
        )  # fmt: skip
        return None if digest is None else (sight, digest)

    def ranges(
        self, selector: Selector, range_ms: int
    ) -> Iterator[tuple[Sight, Samples]] | list[tuple[Sight, Samples]]:
        """Each step's range and samples; kept for other rules when there is but one."""
        self.require_room(len(self.select(selector).ids))
        if len(self._times) > 1:
            return self._cut_ranges(selector, range_ms)
        key = (selector, range_ms)
        if key not in self._samples:
            end = int(selector.when.instants(self._times, self.span)[0])
            window = self._source.window(self.select(selector).ids, end - range_ms, end)
            self._samples[key] = [(Sight(end - range_ms, end, int(self._times[0])), Samples.of(window))]
        return self._samples[key]

    def _cut_ranges(self, selector: Selector, range_ms: int) -> Iterator[tuple[Sight, Samples]]:
        """Many steps from each read, but not so many that it holds much more than the ranges of one step."""
        ends, ids = selector.when.instants(self._times, self.span), self.select(selector).ids
        first = 0
        while first < len(ends):
            behind = int(np.searchsorted(ends, ends[first] + max(_READ_RANGES * range_ms, _READ_MS), side="right"))
            start, end = int(ends[first]) - range_ms, int(ends[behind - 1])
            ribbon = Ribbon(self._source.window(ids, start, end), start, end)
            yield from ribbon.cuts(ends[first:behind], self._times[first:behind], range_ms)
            first = behind

    def require_room(self, series: int) -> None:
        """Refuse what would take too much memory, as Prometheus' query.max-samples does; one instant is no danger.

        Raises:
            EvaluationError: the query has come to more than `MAX_CELLS` values.
        """
        if len(self._times) == 1:
            return
        self._cells[0] += series * len(self._times)
        if self._cells[0] > MAX_CELLS:
            raise EvaluationError(f"more than {MAX_CELLS} values to read; ask for fewer series or fewer steps")
