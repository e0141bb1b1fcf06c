"""Samples of data points, gathered into the columns that ingest takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from collector.ingest.decode import Decoded
from collector.ingest.label_reader import LabelReader
from collector.ingest.limits import IngestLimits
from collector.series.refusal import Refusal
from collector.series.store import UNKNOWN
from core.errors import InvalidInput
from core.labels import METRIC_NAME, quote

_SHOWN = 3  # faults that are told in words
_EXTRA = -1  # stands for the point of a sample that is of none

NamedSample = tuple[str, tuple[str, str] | None, float]  # metric's name, a label of its own, value


class Gatherer:
    """Takes points one at a time: all samples of a point or none.

    Attributes:
        of_sample: the point of each sample, `_EXTRA` for none.
        points: how many points have been added or refused.
        refused_points: how many of them were refused.
    """

    def __init__(self, limits: IngestLimits) -> None:
        self._limits = limits
        self._labels = LabelReader(limits)
        self._places: dict[bytes, int] = {}
        self._key_bytes = 0
        self._series: list[int] = []
        self._times: list[int] = []
        self._values: list[float] = []
        self._refused: Counter[Refusal] = Counter()
        self._faults: list[str] = []
        self.of_sample: list[int] = []
        self.points = 0
        self.refused_points = 0

    def add(self, labels: dict[str, str], at_ms: int, samples: Iterable[NamedSample]) -> None:
        """Take in a point.

        Raises:
            InvalidInput: 413, the request comes to more than one push may bring.
        """
        taken: list[tuple[bytes, float]] = []
        for name, own, value in samples:
            key = self._key(labels, name, own)
            if isinstance(key, Refusal):
                self.refuse(key, name)
                return
            self._weigh(key, len(taken))
            taken.append((key, value))
        for key, value in taken:
            self._append(key, at_ms, value, self.points)
        self.points += 1

    def add_extra(self, labels: dict[str, str], at_ms: int, value: float) -> None:
        """Take in a sample that is of no point."""
        key = self._key(labels, labels[METRIC_NAME], None)
        if isinstance(key, Refusal):
            self.refuse_extra(key, labels[METRIC_NAME])
            return
        self._weigh(key, 0)
        self._append(key, at_ms, value, _EXTRA)

    def refuse(self, reason: Refusal, name: str, points: int = 1) -> None:
        """Count points of a metric as refused."""
        self.points += points
        self.refused_points += points
        self._count(reason, name, points)

    def refuse_extra(self, reason: Refusal, name: str) -> None:
        """Count a sample that is of no point as refused."""
        self._count(reason, name, 1)

    def decoded(self) -> Decoded:
        """All that was taken, in its order; the ids are for ingest to look up."""
        return Decoded(
            list(self._places),
            np.full(len(self._places), UNKNOWN, np.int64),
            np.array(self._series, np.int64),
            np.array(self._times, np.int64),
            np.array(self._values, np.float64),
            self._refused,
            self._faults,
        )

    def _key(self, labels: dict[str, str], name: str, own: tuple[str, str] | None) -> bytes | Refusal:
        pairs = {**labels, METRIC_NAME: name}
        if own is not None:
            pairs[own[0]] = own[1]
        return self._labels.key([(label.encode(), value.encode()) for label, value in pairs.items()])

    def _weigh(self, key: bytes, of_point: int) -> None:
        """One point may come to very many series, each with all its labels: what they hold is bounded as a body is."""
        self._key_bytes += len(key)
        most = self._limits.decompressed_bytes
        if len(self._series) + of_point >= self._limits.series or self._key_bytes > most:
            raise InvalidInput(
                "too_many_series",
                f"at most {self._limits.series} samples and {most} bytes of labels a push are taken; export in "
                "smaller batches",
                status=413,
            )

    def _append(self, key: bytes, at_ms: int, value: float, point: int) -> None:
        self._series.append(self._places.setdefault(key, len(self._places)))
        self._times.append(at_ms)
        self._values.append(value)
        self.of_sample.append(point)

    def _count(self, reason: Refusal, name: str, samples: int) -> None:
        if not samples:
            return
        self._refused[reason] += samples
        if len(self._faults) < _SHOWN:
            self._faults.append(f"{reason}: {quote(name[:64])}")
