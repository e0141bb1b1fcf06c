"""A target's samples as remote-write requests: label bytes encoded once a series, stale markers for series that end.

A `TimeSeries` message of one sample is `head + value + tail`: the head holds length and labels and is the same in every
request, the tail holds the time and is the same for all samples of a collection. So a collection costs one dict look-up
and one packing a sample. Wire shape: see `core.remote_write`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from agent.sample import Sample, Series
from core.labels import METRIC_NAME, Labels, labels
from core.remote_write import STALE_NAN, encode_labels, varint

_DOUBLE = struct.Struct("<d")


class TargetEncoder:
    """Encodes one target's collections and remembers which series it had.

    Args:
        common: labels that every series of the target gets (`job`, `instance`).
        honor: whether a series' own label of the same name stays.
    """

    def __init__(self, common: Labels, *, honor: bool = False) -> None:
        self._common = common
        self._honor = honor
        self._heads: dict[Series, bytes] = {}
        self._order: list[Series] | None = None  # of the last collection; None where it gave a series twice
        self._ordered: list[bytes] = []
        self._own: dict[Series, bytes] = {}
        self._tail_size = 0

    def encode(self, samples: Iterable[Sample], own: Iterable[Sample], at_ms: int) -> list[bytes]:
        """One `TimeSeries` field of a WriteRequest for each sample, then for each series that ended.

        Args:
            samples: what the probe gave; a series given twice counts once, as first given.
            own: what the runner says about the collection (`up`, …): these never end.
            at_ms: the time of all samples.
        """
        tail = b"\x10" + varint(at_ms)
        if len(tail) != self._tail_size:  # its length is part of the heads; it changes in 1971 and in 2109
            self._tail_size = len(tail)
            self._heads = {series: self._head(series) for series in self._heads}
            self._own = {}
            self._order = None
        pack = _DOUBLE.pack
        given = list(samples)
        order = [series for series, _ in given]
        if order == self._order:  # as mostly: told by identity, without a look-up
            encoded = [head + pack(value) + tail for head, (_, value) in zip(self._ordered, given, strict=True)]
        else:
            encoded = self._encode_anew(given, tail)
            self._order = order if len(order) == len(self._heads) else None
            self._ordered = list(self._heads.values())
        for series, value in own:
            head = self._own[series] = self._own.get(series) or self._head(series)
            encoded.append(head + pack(value) + tail)
        return encoded

    def _encode_anew(self, samples: list[Sample], tail: bytes) -> list[bytes]:
        before, pack = self._heads, _DOUBLE.pack
        now: dict[Series, bytes] = {}
        encoded = []
        for series, value in samples:
            if series in now:
                continue
            head = before.get(series) or self._head(series)
            now[series] = head
            encoded.append(head + pack(value) + tail)
        self._heads = now
        encoded += [head + pack(STALE_NAN) + tail for series, head in before.items() if series not in now]
        return encoded

    def _head(self, series: Series) -> bytes:
        sample_size = 1 + _DOUBLE.size + self._tail_size
        body = (
            encode_labels(full_labels(series, self._common, honor=self._honor))
            + b"\x12"
            + varint(sample_size)
            + b"\x09"
        )
        return b"\x0a" + varint(len(body) + _DOUBLE.size + self._tail_size) + body


def full_labels(series: Series, common: Labels, *, honor: bool = False) -> Labels:
    """The series' whole identity: its name, its own labels, the target's.

    An own label of the same name as one of the target's becomes `exported_…`, as Prometheus has it; with `honor` it
    stays instead, and the target's is left out.
    """
    if honor:
        kept = {**dict(common), **{name: _utf8(value) for name, value in series.labels}}
        return labels({**kept, METRIC_NAME: series.family.name})
    taken = {name for name, _ in common}
    own = [(f"exported_{name}" if name in taken else name, _utf8(value)) for name, value in series.labels]
    return labels([*own, *common, (METRIC_NAME, series.family.name)])


def requests(encoded: list[bytes], most: int) -> Iterator[tuple[bytes, int]]:
    """Uncompressed WriteRequests of at most `most` series each, with how many are in it."""
    for start in range(0, len(encoded), most):
        part = encoded[start : start + most]
        yield b"".join(part), len(part)


def _utf8(value: str) -> str:
    """The value with lone surrogates escaped: paths in other encodings come with them, UTF-8 cannot hold them."""
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
