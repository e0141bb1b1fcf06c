"""From a decompressed remote-write body to columns of samples.

In a sender's steady state a series is its label bytes followed by one sample of 18 bytes::

    12 10   field 2 of a TimeSeries, 16 bytes
    09      field 1 of a Sample, fixed 64 bits: the value
    10      field 2 of a Sample, a varint: the time, six bytes from 1971 to 2109

so what comes before the last 18 bytes is a key that the store may know, and the joined tails are one array
from which all values and times come at once. A known key is a whole label set, so nothing else can stand
before such a tail. A new series whose labels stand there as they would in a key is taken as it is too. Every other
series goes through the protobuf decoder, with the same result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from collector.ingest.label_reader import LabelReader
from collector.ingest.limits import IngestLimits
from collector.ingest.wire import parse_time_series, parse_write_request
from collector.series.refusal import Refusal
from collector.series.store import UNKNOWN
from core.errors import InvalidInput
from core.labels import quote
from rules.source import Ids, Times, Values

TAIL = 18
_TAIL = np.dtype((np.void, TAIL))
# The last eight bytes of a tail, as a little-endian number: a byte of the value, the tag of the time, its six bytes.
STEADY_END_MASK, STEADY_END = 0x8080_8080_8080_FF00, 0x0080_8080_8080_1000
_SHOWN = 3  # faults that are told in words


@dataclass(frozen=True, slots=True)
class Decoded:
    """The samples of one push, in its order.

    Attributes:
        keys: the label sets that have samples.
        ids: [keys] what the store knew them by, `UNKNOWN` for new ones.
        series: [samples] which of `keys` each sample is of.
        times: [samples] epoch ms.
        values: [samples].
        refused: samples of series that cannot be taken, by reason.
        faults: the first of them in words.
        metadata: what it says about metrics, unparsed.
        steady: every series was known and brought one sample in the steady shape, so that `series` counts up.
    """

    keys: Sequence[bytes]
    ids: Ids
    series: NDArray[np.int64]
    times: Times
    values: Values
    refused: Counter[Refusal] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    metadata: list[bytes] = field(default_factory=list)
    steady: bool = False

    @property
    def samples(self) -> int:
        """How many samples the push brought, refused ones included."""
        return len(self.times) + self.refused.total()


@dataclass(frozen=True, slots=True)
class Split:
    """A body's series before any is parsed.

    Attributes:
        messages: the series.
        keys: each without its last 18 bytes.
        ids: [series] of the keys, `UNKNOWN` where the store has none.
        tails: [series, 18] the last bytes.
        steady: [series] whether a known key and one sample are all there is to it.
        metadata: what the body says about metrics, unparsed.
    """

    messages: list[bytes]
    keys: list[bytes]
    ids: Ids
    tails: NDArray[np.uint8]
    steady: NDArray[np.bool_]
    metadata: list[bytes]

    @property
    def unsteady(self) -> int:
        """How many series need the protobuf decoder."""
        return len(self.messages) - int(self.steady.sum())


class Decoder:
    """Decodes bodies; `find` tells the ids of keys, `UNKNOWN` for those that the store does not have."""

    def __init__(self, find: Callable[[Sequence[bytes]], Ids], limits: IngestLimits) -> None:
        self._find = find
        self._limits = limits
        self._labels = LabelReader(limits)

    def decode(self, body: bytes) -> Decoded:
        """A whole body at once.

        Raises:
            InvalidInput: the body is no remote-write request; nothing of it can be used.
        """
        return self.finish(self.split(body))

    def split(self, body: bytes) -> Split:
        """The quick half: the body's series, those of known keys in the steady shape told from the others.

        Raises:
            InvalidInput: the body is no protobuf message, or brings too many series.
        """
        try:
            request = parse_write_request(body)
        except DecodeError as error:
            raise _malformed(error) from error
        if len(request.timeseries) > self._limits.series:
            raise InvalidInput("too_many_series", f"at most {self._limits.series} series a push are taken", status=413)
        messages = list(request.timeseries)
        keys = [message[:-TAIL] for message in messages]
        ids = self._find(keys)
        tails = _cut_tails(body, messages)
        return Split(messages, keys, ids, tails, are_steady(tails) & (ids != UNKNOWN), list(request.metadata))

    def finish(self, split: Split) -> Decoded:
        """The slow half: the series that need the protobuf decoder, and all in their order.

        Raises:
            InvalidInput: one of them is malformed, and with it the whole body.
        """
        simple = split.steady | self._newborn(split)
        if simple.all():
            values, times = read_tails(split.tails)
            series = np.arange(len(split.keys))
            steady = bool(split.steady.all())
            return Decoded(split.keys, split.ids, series, times, values, metadata=split.metadata, steady=steady)
        rest = _General(self._labels, self._limits)
        try:
            for place in np.flatnonzero(~simple).tolist():
                rest.add(split.messages[place], place)
        except DecodeError as error:
            raise _malformed(error) from error
        return self._merge(split, simple, rest)

    def _newborn(self, split: Split) -> NDArray[np.bool_]:
        """[series] which are new, and yet need no protobuf decoder: a key as it would be made, and one sample."""
        newborn = np.zeros(len(split.keys), np.bool_)
        for place in np.flatnonzero((split.ids == UNKNOWN) & are_steady(split.tails)).tolist():
            key = split.keys[place]
            newborn[place] = len(key) + TAIL <= self._limits.series_bytes and self._labels.is_key(key)
        return newborn

    def _merge(self, split: Split, simple: NDArray[np.bool_], rest: _General) -> Decoded:
        """Simple series and the others, in the order of the push."""
        places = np.flatnonzero(simple)
        keys = [split.keys[place] for place in places.tolist()]
        values, times = read_tails(split.tails[places])
        order = np.argsort(np.concatenate([places, np.array(rest.order, np.int64)]), kind="stable")
        rest_ids = self._find(rest.keys)
        series = np.concatenate([np.arange(len(keys)), np.array(rest.series, np.int64) + len(keys)])
        return Decoded(
            keys + rest.keys,
            np.concatenate([split.ids[places], rest_ids]),
            series[order],
            np.concatenate([times, np.array(rest.times, np.int64)])[order],
            np.concatenate([values, np.array(rest.values, np.float64)])[order],
            rest.refused,
            rest.faults,
            split.metadata,
        )


def _malformed(error: DecodeError) -> InvalidInput:
    return InvalidInput("malformed_protobuf", f"the body is no remote-write request: {error}")


def ends_of(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each series ends in a body that has them one behind the other, each a tag, its length, and itself."""
    lengths = 1 + (sizes >= 1 << 7).astype(np.int64) + (sizes >= 1 << 14) + (sizes >= 1 << 21)
    return np.cumsum(1 + lengths + sizes)


def _cut_tails(body: bytes, messages: list[bytes]) -> NDArray[np.uint8]:
    """The last 18 bytes of each message, [messages, 18]; shorter ones are filled up with zeros in front."""
    sizes = np.fromiter(map(len, messages), np.int64, len(messages))
    ends = ends_of(sizes)
    # No way to write them down takes fewer bytes, so a body of this length has nothing else.
    if len(ends) and int(ends[-1]) == len(body) and int(sizes.min()) >= TAIL:
        tails = np.ndarray((len(body) - TAIL + 1,), _TAIL, body, strides=(1,))[ends - TAIL]
        return tails.view(np.uint8).reshape(len(messages), TAIL)
    joined = b"".join([message[-TAIL:].rjust(TAIL, b"\0") for message in messages])
    return np.frombuffer(joined, np.uint8).reshape(len(messages), TAIL)


def are_steady(tails: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of [series, 18] tails are one sample in the shape above."""
    shape: NDArray[np.bool_] = (tails[:, 0] == 0x12) & (tails[:, 1] == 0x10) & (tails[:, 2] == 0x09)
    return shape & ends_are_steady(_ends(tails))


def ends_are_steady(ends: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which tails' last eight bytes, as little-endian numbers, are the tag of a time and its six bytes."""
    shape: NDArray[np.bool_] = (ends & np.uint64(STEADY_END_MASK)) == np.uint64(STEADY_END)
    return shape


def read_tails(tails: NDArray[np.uint8]) -> tuple[Values, Times]:
    """Values and times of steady tails."""
    return np.ascontiguousarray(tails[:, 3:11]).view("<f8").reshape(-1), read_ends(_ends(tails))


def read_ends(ends: NDArray[np.uint64]) -> Times:
    """The times in the last eight bytes of steady tails: six groups of seven bits, the lowest first."""
    sevens = ends >> np.uint64(16) & np.uint64(0x7F7F_7F7F_7F7F)
    # Neighbouring groups are moved together, first to three of fourteen bits.
    pairs = sevens & np.uint64(0x007F_007F_007F) | (sevens & np.uint64(0x7F00_7F00_7F00)) >> np.uint64(1)
    time = pairs & np.uint64(0x3FFF)
    time |= pairs >> np.uint64(2) & np.uint64(0x3FFF << 14)
    time |= pairs >> np.uint64(4) & np.uint64(0x3FFF << 28)
    return time.view(np.int64)


def _ends(tails: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(tails[:, 10:]).view("<u8").reshape(-1)


class _General:
    """Series that are not in the steady shape, gathered one at a time by the protobuf decoder.

    Attributes:
        order: [samples] the place in the push of the series that each sample came in.
    """

    def __init__(self, labels: LabelReader, limits: IngestLimits) -> None:
        self._labels = labels
        self._limits = limits
        self.keys: list[bytes] = []
        self.series: list[int] = []
        self.order: list[int] = []
        self.times: list[int] = []
        self.values: list[float] = []
        self.refused: Counter[Refusal] = Counter()
        self.faults: list[str] = []

    def add(self, message: bytes, place: int) -> None:
        """Take in one series."""
        if len(message) > self._limits.series_bytes:
            self._refuse(Refusal.SERIES_TOO_LARGE, 1, [])
            return
        parsed = parse_time_series(message)
        pairs = [(label.name, label.value) for label in parsed.labels[: self._limits.labels + 1]]
        key = self._labels.key(pairs)
        if isinstance(key, Refusal):
            self._refuse(key, len(parsed.samples) + len(parsed.histograms), pairs)
            return
        self._refuse(Refusal.NATIVE_HISTOGRAM, len(parsed.histograms), pairs)
        if len(parsed.samples):
            self.series += [len(self.keys)] * len(parsed.samples)
            self.order += [place] * len(parsed.samples)
            self.keys.append(key)
            self.times += [sample.timestamp for sample in parsed.samples]
            self.values += [sample.value for sample in parsed.samples]

    def _refuse(self, reason: Refusal, samples: int, pairs: list[tuple[bytes, bytes]]) -> None:
        if samples == 0:
            return
        self.refused[reason] += samples
        if len(self.faults) < _SHOWN:
            self.faults.append(f"{reason}: {_describe(pairs)}")


def _describe(pairs: list[tuple[bytes, bytes]]) -> str:
    """Raw labels, shortened and escaped, to find them by."""
    spelled = [f"{_clip(name)}={quote(_clip(value))}" for name, value in pairs[:4]]
    return "{" + ",".join(spelled) + (",…" if len(pairs) > 4 else "") + "}"


def _clip(raw: bytes) -> str:
    text = raw[:64].decode("utf-8", "replace")
    return text + "…" if len(raw) > 64 else text
