"""Where samples belong that come after later ones of their series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.series.refusal import Code
from collector.series.ring_file import MARGIN, NO_SAMPLE
from collector.series.ring_reads import RingReads
from rules.source import Ids, Times, Values

MOST_LATER = MARGIN - 2  # samples that may follow one that is put in or replaced
_SIGHT = 2 * MARGIN  # of the newest samples: one that a batch put in is found again behind all others it can put in


@dataclass(frozen=True, slots=True)
class Place:
    """Where instants stand among the newest samples of their rows.

    Attributes:
        later: [samples] how many of the newest samples are later, `_SIGHT` for that many or more.
        held: [samples] whether there is a sample at the very instant.
        values: [samples] its value.
        before: [samples] the time of the newest earlier sample, -1 for none in sight.
        next_times: [samples] the time of the sample after, where `later` is not 0.
    """

    later: NDArray[np.int64]
    held: NDArray[np.bool_]
    values: Values
    before: Times
    next_times: Times

    @property
    def fits(self) -> NDArray[np.bool_]:
        """[samples] whether few enough samples are later."""
        fits: NDArray[np.bool_] = self.later <= MOST_LATER
        return fits


@dataclass(frozen=True, slots=True)
class Late:
    """Samples to be put into rings: `later` samples of their rows follow each, the next of them at `next_times`."""

    ids: Ids
    times: Times
    values: Values
    later: NDArray[np.int64]
    next_times: Times

    def chosen(self, which: NDArray[np.bool_]) -> Late:
        """Some of them."""
        return Late(self.ids[which], self.times[which], self.values[which], self.later[which], self.next_times[which])


def place_of(ring: RingReads, ids: Ids, times: Times) -> Place:
    """Where samples belong, each of another row."""
    found_times, found_values, exists = ring.recent(ids, _SIGHT)
    found_times = np.where(exists, found_times, NO_SAMPLE)
    rows = np.arange(len(ids))
    later = (found_times > times).sum(axis=0)
    same = exists & (found_times == times)
    at = np.argmax(same, axis=0)
    before = np.where(found_times < times, found_times, NO_SAMPLE).max(axis=0, initial=NO_SAMPLE)
    following = np.minimum(_SIGHT - later, _SIGHT - 1)
    return Place(later, same.any(axis=0), found_values[at, rows], before, found_times[following, rows])


def place_in(ring: RingReads, ids: Ids, times: Times, values: Values) -> tuple[NDArray[np.uint8], Late]:
    """A `Code` for each of some late samples, each of another row, and those that can be put in."""
    place = place_of(ring, ids, times)
    codes = np.full(len(ids), Code.OUT_OF_ORDER, np.uint8)
    same = place.values.view(np.uint64) == values.view(np.uint64)
    codes[place.held] = np.where(same[place.held], Code.DUPLICATE, Code.DUPLICATE_TIMESTAMP)
    taken = ~place.held & place.fits & (place.later > 0)
    codes[taken] = Code.ACCEPTED
    return codes, Late(ids, times, values, place.later, place.next_times).chosen(taken)
