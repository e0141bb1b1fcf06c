"""What stands before the value in a `TimeSeries` message, put together of parts that many series share.

A switch of 56 interfaces has some two thousand series but sixty label sets and forty names: an agent that kept each
series' bytes would need a gigabyte for a thousand switches. So names are kept once for all targets and label sets once
a target; a head is a look-up of both and one concatenation. Packed series (`agent.packed`) bring both with them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import repeat
from operator import add

from agent.packed import BEFORE, LabelRows, Packed, Slots, encoded_name
from agent.sample import Series
from core.labels import METRIC_NAME, Labels, labels
from core.remote_write import encode_labels, varint

_FIELD = b"\x0a"  # `timeseries` of WriteRequest
_STARTS = [_FIELD + varint(size) for size in range(2048)]
_DOUBLE = struct.Struct("<d")
_VALUE_SIZE = _DOUBLE.size


class Heads:
    """The heads of one target's series.

    Args:
        common: labels that every series of the target gets (`job`, `instance`).
        honor: whether a series' own label of the same name stays.
        tail_size: bytes of the time that follows the value, with its tag.
    """

    __slots__ = ("_after_size", "_common", "_common_end", "_first", "_honor", "_packed_size", "_parts", "_value_tag")

    def __init__(self, common: Labels, *, honor: bool, tail_size: int) -> None:
        self._common = common
        self._honor = honor
        self._value_tag = b"\x12" + varint(1 + _VALUE_SIZE + tail_size) + b"\x09"
        self._after_size = _VALUE_SIZE + tail_size
        # By identity: label sets are shared and not changed, and hashing one costs as much as all the rest. The
        # set itself is kept, so that nothing else can come to have its identity.
        self._parts: dict[int, tuple[Labels, bytes, bytes, bytes]] = {}
        self._first = min((name for name, _ in common), default="")  # the first of the target's label names
        self._common_end = encode_labels(common) + self._value_tag
        # What a head takes beyond the name and the labels of a packed series; 0 when such labels are not all first.
        self._packed_size = len(self._common_end) + self._after_size if self._first >= BEFORE else 0

    def __len__(self) -> int:
        """How many label sets are kept."""
        return len(self._parts)

    def of(self, series: Series) -> bytes:
        """Everything up to the value: tags, lengths, labels."""
        if type(series) is Packed and self._packed_size:
            body = series.slot.name + series.encoded
            return _start(len(body) + self._packed_size) + body + self._common_end
        part = self._parts.get(id(series.labels)) or self._learn(series)
        _, before, after, end = part
        name = encoded_name(series.family.name)
        size = len(before) + len(name) + len(after) + len(end) + self._after_size
        return _start(size) + before + name + after + end

    def fields(self, samples: Iterable[tuple[Series, float]], tail: bytes) -> Iterator[bytes]:
        """Each sample's whole `TimeSeries` field; as fast as it can be, for it is what an agent does most.

        Args:
            samples: series and values.
            tail: the time of all samples, with its tag.
        """
        head, pack, starts, most = self.of, _DOUBLE.pack, _STARTS, len(_STARTS)
        beyond, end = self._packed_size, self._common_end
        for series, value in samples:
            if type(series) is Packed and beyond:  # as `of` does it, without its frame
                slot, rows = series.slot, series.of
                body = slot.name + rows.rows[slot.row] + rows.more[slot.more]
                size = len(body) + beyond
                start = starts[size] if size < most else _start(size)
                yield start + body + end + pack(value) + tail
            else:
                yield head(series) + pack(value) + tail

    def packed_fields(
        self, slots: Slots, rows: LabelRows, values: Iterable[float], tail: bytes
    ) -> Iterator[bytes] | None:
        """As `fields` of packed series that all are of these rows, column by column, without a step of Python for each.

        None when they have to go through `fields`: the labels are out of order, or one series' are very long.
        """
        starts = _starts(self._packed_size)
        row_sizes, more_sizes = slots.rows(list(map(len, rows.rows))), slots.more(list(map(len, rows.more)))
        sizes = list(map(add, map(add, map(len, slots.names), row_sizes), more_sizes))
        if not self._packed_size or not sizes or max(sizes) >= len(starts):
            return None
        parts = (
            map(starts.__getitem__, sizes),
            slots.names,
            slots.rows(rows.rows),
            slots.more(rows.more),
            repeat(self._common_end),
            map(_DOUBLE.pack, values),
            repeat(tail),
        )
        return map(b"".join, zip(*parts, strict=False))

    def keep(self, series: Iterable[Series]) -> None:
        """Forget the label sets of all other series."""
        used = {id(one.labels) for one in series}
        self._parts = {key: part for key, part in self._parts.items() if key in used}

    def _learn(self, series: Series) -> tuple[Labels, bytes, bytes, bytes]:
        """The labels that sort before the name, as those in capitals do; those after it; how the head ends."""
        own = series.labels
        if own and own[0][0] > METRIC_NAME and own[-1][0] < self._first:
            # The target's labels are last: then the rest is the same for equal ones of all targets.
            part = (own, b"", _shared(own), self._common_end)
        else:
            whole = full_labels(series, self._common, honor=self._honor)
            at = next(place for place, (name, _) in enumerate(whole) if name == METRIC_NAME)
            part = (own, encode_labels(whole[:at]), encode_labels(whole[at + 1 :]), self._value_tag)
        self._parts[id(own)] = part
        return part


@lru_cache(256)  # as many as instances have names of different lengths
def _starts(beyond: int) -> list[bytes]:
    """How fields begin, by the size of what differs in them."""
    return _STARTS[beyond:]


def _start(size: int) -> bytes:
    return _STARTS[size] if size < len(_STARTS) else _FIELD + varint(size)


def encode_own(own: Labels) -> bytes:
    """A series' own labels as bytes; a lone surrogate, which UTF-8 cannot hold, is escaped."""
    return encode_labels(tuple((name, _utf8(value)) for name, value in own))


_shared = lru_cache(4096)(encode_own)  # many targets have series of the same labels


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


def _utf8(value: str) -> str:
    """The value with lone surrogates escaped: paths in other encodings come with them, UTF-8 cannot hold them."""
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
