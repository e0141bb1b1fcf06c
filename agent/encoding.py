"""A target's samples as remote-write requests, with stale markers for series that end.

A `TimeSeries` message of one sample is `head + value + tail`: the head holds length and labels (`agent.heads`), the
tail holds the time and is the same for all samples of a collection. Between collections only what series there were is
kept (`agent.remembered`), and the heads of a target whose series its probe keeps anyway. Wire shape: see
`core.remote_write`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import repeat
from operator import itemgetter

from agent.heads import Heads, full_labels
from agent.packed import Batch
from agent.remembered import NOTHING, Remembered
from agent.sample import Sample, Series
from core.labels import Labels
from core.remote_write import STALE_NAN, varint

__all__ = ["TargetEncoder", "full_labels", "requests"]

_DOUBLE = struct.Struct("<d")
_MOST_KEPT = 8192  # heads of one target; some hundred bytes each
_value = itemgetter(1)


class TargetEncoder:
    """Encodes one target's collections and remembers which series it had.

    Args:
        common: labels that every series of the target gets (`job`, `instance`).
        honor: whether a series' own label of the same name stays.
    """

    def __init__(self, common: Labels, *, honor: bool = False) -> None:
        self._common = common
        self._honor = honor
        self._last = NOTHING  # the series of the last collection, each once
        self._own: dict[Series, None] = {}
        self._tail_size = 0
        self._heads = Heads(common, honor=honor, tail_size=0)
        self._kept: list[bytes] | None = None  # the heads of `_last`, once they were the same twice

    def encode(self, samples: Iterable[Sample], own: Iterable[Sample], at_ms: int) -> list[bytes]:
        """One `TimeSeries` field of a WriteRequest for each sample, then for each series that ended.

        Args:
            samples: what the probe gave; a series given twice counts once, as first given.
            own: what the runner says about the collection (`up`, …): these never end.
            at_ms: the time of all samples.
        """
        tail = self._tail(at_ms)
        if isinstance(samples, Batch) and (fields := self._encode_batch(samples, tail)) is not None:
            return [*fields, *self._said(own, tail)]
        given: list[tuple[Series, float]] = list(samples)
        said = list(own)
        series = [one for one, _ in given]
        now = self._last.renewed(series)
        changed = now is None
        if now is not None and self._kept is not None:
            whole = map(b"".join, zip(self._kept, map(_DOUBLE.pack, map(_value, given)), repeat(tail), strict=False))
            self._last = now
            return [*whole, *self._said(said, tail)]
        if now is None:
            self._kept = None
            first: dict[Series, float] = {}
            for one, value in given:
                first.setdefault(one, value)
            before = self._last.series()
            given = [*first.items(), *((one, STALE_NAN) for one in before if one not in first)]
            now = Remembered.of(list(first))
        encoded = [*self._heads.fields(given, tail), *self._said(said, tail)]
        self._last = now  # equal ones that were made anew are told by identity the next time
        if not changed and now.rows is None and len(now.plain) <= _MOST_KEPT:
            self._kept = list(map(self._heads.of, now.plain))
            self._heads.keep(self._own)
        elif changed:
            self._heads.keep((*now.plain, *self._own))
        else:
            self._trim(now)
        return encoded

    def _encode_batch(self, batch: Batch, tail: bytes) -> list[bytes] | None:
        """The fields of a batch of the series there were before; None when it has to be looked at one by one."""
        now = self._last.renewed_by(batch)
        packed = self._heads.packed_fields(batch.slots, batch.rows, batch.values, tail) if now is not None else None
        if now is None or packed is None:
            return None
        encoded = [*packed, *self._heads.fields(batch.plain, tail)]
        self._last = now
        self._trim(now)
        return encoded

    def _trim(self, now: Remembered) -> None:
        """Forget label sets when there are more than series: the probe makes equal ones anew each time."""
        if len(self._heads) > len(now.plain) + len(self._own):
            self._heads.keep((*now.plain, *self._own))

    def _said(self, own: Iterable[Sample], tail: bytes) -> Iterator[bytes]:
        self._own.update((one, None) for one, _ in own)
        return self._heads.fields(own, tail)

    def end(self, at_ms: int) -> list[bytes]:
        """One `TimeSeries` field with a stale marker for every series there was, the runner's own too."""
        after = _DOUBLE.pack(STALE_NAN) + self._tail(at_ms)
        encoded = [self._heads.of(series) + after for series in (*self._last.series(), *self._own)]
        self._last, self._own, self._kept = NOTHING, {}, None
        self._heads.keep(())
        return encoded

    def _tail(self, at_ms: int) -> bytes:
        tail = b"\x10" + varint(at_ms)
        if len(tail) != self._tail_size:  # its length is part of the heads; it changes in 1971 and in 2109
            self._tail_size = len(tail)
            self._heads = Heads(self._common, honor=self._honor, tail_size=len(tail))
            self._kept = None
        return tail


def requests(encoded: list[bytes], most: int) -> Iterator[tuple[bytes, int]]:
    """Uncompressed WriteRequests of at most `most` series each, with how many are in it."""
    for start in range(0, len(encoded), most):
        part = encoded[start : start + most]
        yield b"".join(part), len(part)
