"""Whole-body templates: a sender in its steady state repeats a push in every byte but values and times.

When a body has the length of one seen before and equals it in every byte outside the value and time positions, its
series are known and decoding it is two gathers. What matches is decoded as `decode` would, anything else is not
matched. Most senders never repeat a layout (Prometheus cuts its batches anew), so a template is only made of a
layout that came twice.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from collector.ingest.decode import STEADY_END, STEADY_END_MASK, TAIL, Decoded, ends_are_steady, ends_of, read_ends
from collector.series.rings import run_of
from rules.source import Ids, Times, Values

# What changes of a tail, from its fourth byte on: the value, the tag of the time, and the time. The last eight
# bytes are read as one number, which shares a byte with the value.
_CHANGING = np.dtype("V15")
_OFFSET = TAIL - _CHANGING.itemsize
_BLANK = np.zeros((), _CHANGING)
_COLUMNS = np.dtype({"names": ["value", "end"], "formats": ["<f8", "<u8"], "offsets": [0, 7], "itemsize": 15})
_NOT_VALUE = np.uint64(0xFFFF_FFFF_FFFF_FF00)
_LONGEST_HEAD = 4096  # bytes of a first series that are looked at
_MAX_SEEN = 4096
_MAX_FAILURES = 3  # templates made of look-alikes that never matched, after which no more are made
_Layout = tuple[str, int, bytes]
Body = NDArray[np.uint8]  # a decompressed body that may be written to


class SlicedKeys(Sequence[bytes]):
    """The keys of a template's series, cut out of its skeleton when somebody asks."""

    def __init__(self, skeleton: bytes, starts: NDArray[np.int32], changing: NDArray[np.int64]) -> None:
        self._skeleton = skeleton
        self._starts = starts
        self._changing = changing

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        return self._skeleton[self._starts[index] : self._changing[index] - _OFFSET]


@dataclass(frozen=True, slots=True)
class Repeated:
    """The samples of a body of a known layout: one of each of its series.

    Attributes:
        layout: whose they are.
        times: [samples] epoch ms, or one for all.
        values: [samples].
    """

    layout: Template
    times: Times | int
    values: Values

    def decoded(self) -> Decoded:
        """As `decode` would have it."""
        count = len(self.values)
        times = np.full(count, self.times) if isinstance(self.times, int) else self.times
        return Decoded(self.layout.keys, self.layout.ids(), np.arange(count), times, self.values, steady=True)


class Template:
    """One layout: the body with values and times blanked, where they stand, and whose they are.

    Attributes:
        keys: of its series.
        run: the rows of its series where they are consecutive, as of series that were born together; else None.
        size: about how many bytes it takes.
        matched: whether a body was of it.
    """

    def __init__(self, body: bytes, starts: NDArray[np.int32], tails: NDArray[np.int64], ids: Ids) -> None:
        self._changing = tails + _OFFSET
        blanked = np.frombuffer(bytearray(body), np.uint8)
        _every_place(blanked)[self._changing] = _BLANK
        self._skeleton = blanked.tobytes()
        self.run = run_of(ids)
        self._ids = None if self.run is not None else ids.copy()
        self.keys = SlicedKeys(self._skeleton, starts, self._changing)
        self.size = len(body) + (20 if self.run is None else 12) * len(ids)
        self.matched = False

    def ids(self) -> Ids:
        """[series] their rows."""
        if self._ids is not None:
            return self._ids
        assert self.run is not None
        return np.arange(self.run.start, self.run.stop)

    def match(self, body: Body) -> Repeated | None:
        """The samples of a body of this layout; None when it is of another one, and the body is as it was."""
        if len(body) != len(self._skeleton):
            return None
        places, changing = _every_place(body), self._changing
        columns = places[changing]
        places[changing] = _BLANK
        # Of equal lengths, so this compares all of it, and in place; `==` would need a copy of the body.
        same = self._skeleton.startswith(body.data)
        times = read_times(columns.view(_COLUMNS)["end"]) if same else None
        if times is None:
            places[changing] = columns
            return None
        self.matched = True
        return Repeated(self, times, columns.view(_COLUMNS)["value"].copy())


def read_times(ends: NDArray[np.uint64]) -> Times | int | None:
    """[samples] the times in the last eight bytes of tails, at least one, or the one of all; None if one is no time."""
    words = ends & _NOT_VALUE
    if (words == words[0]).all():  # what is collected together has one time
        word = int(words[0])
        if word & STEADY_END_MASK != STEADY_END:
            return None
        return sum((word >> 16 + 8 * group & 0x7F) << 7 * group for group in range(6))
    return read_ends(words) if ends_are_steady(words).all() else None


def _every_place(content: Body) -> NDArray[np.void]:
    """What begins at each byte, as far as it fits: overlapping views, to copy in and out by index."""
    count = max(0, len(content) - _CHANGING.itemsize + 1)
    return np.ndarray((count,), _CHANGING, content, strides=(1,))


class Templates:
    """The layouts that senders repeat, the longest unused forgotten first.

    Args:
        max_bytes: of memory for all of them.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._retirements = -1
        self._templates: OrderedDict[_Layout, Template] = OrderedDict()
        self._sizes: Counter[tuple[str, int]] = Counter()  # how many of them by sender and length
        self._seen: OrderedDict[int, int] = OrderedDict()

    def has(self, sender: str, size: int) -> bool:
        """Whether a layout of this length is known of a sender."""
        return (sender, size) in self._sizes

    def match(self, sender: str, body: Body, retirements: int) -> Repeated | None:
        """The samples of a body whose layout is known; ids are those of the store while it counts `retirements`.

        Values and times are blanked in a body that matched; any other one is as it was.
        """
        if retirements != self._retirements:
            self._templates.clear()
            self._sizes.clear()
            self._bytes, self._retirements = 0, retirements
        layout = _layout(sender, body[:_LONGEST_HEAD].tobytes(), len(body))
        template = self._templates.get(layout)
        if template is None:
            return None
        self._templates.move_to_end(layout)
        return template.match(body)

    def learn(self, sender: str, body: bytes, decoded: Decoded) -> None:
        """Take note of a body that `decode` found steady throughout; the second of its layout becomes a template."""
        layout = _layout(sender, body[:_LONGEST_HEAD], len(body))
        mark = hash(layout)
        seen = self._seen.get(mark)
        former = self._templates.pop(layout, None)
        if former is not None:
            self._forgot(layout, former)
        worth = seen is not None and seen < _MAX_FAILURES
        self._remember(mark, 0 if seen is None else seen + (former is not None and not former.matched))
        template = make_template(body, decoded) if worth else None
        if template is None or template.size > self._max_bytes:
            return
        self._bytes += template.size
        self._templates[layout] = template
        self._sizes[layout[:2]] += 1
        while self._bytes > self._max_bytes:
            self._forgot(*self._templates.popitem(last=False))

    def _forgot(self, layout: _Layout, template: Template) -> None:
        self._bytes -= template.size
        self._sizes[layout[:2]] -= 1
        if not self._sizes[layout[:2]]:
            del self._sizes[layout[:2]]

    def _remember(self, mark: int, failures: int) -> None:
        """Note that a layout came, and how many templates of it were made in vain."""
        self._seen[mark] = failures
        if len(self._seen) > _MAX_SEEN:
            self._seen.popitem(last=False)


def make_template(body: bytes, decoded: Decoded) -> Template | None:
    """The template of a body all of whose series are steady; None when something else stands between them."""
    sizes = np.fromiter(map(len, decoded.keys), np.int64, len(decoded.keys)) + TAIL
    ends = ends_of(sizes)
    if len(ends) == 0 or int(ends[-1]) != len(body):
        return None
    template = Template(body, (ends - sizes).astype(np.int32), ends - TAIL, decoded.ids)
    found = template.match(np.frombuffer(bytearray(body), np.uint8))
    template.matched = False  # by a body that came
    return template if found is not None and _is_same(found.decoded(), decoded) else None


def _is_same(found: Decoded, decoded: Decoded) -> bool:
    return (
        found.values.tobytes() == decoded.values.tobytes()
        and bool((found.times == decoded.times).all())
        and list(found.keys) == list(decoded.keys)
    )


def _layout(sender: str, head: bytes, size: int) -> _Layout:
    """What a layout is looked up by: its sender, its length, and the labels of its first series.

    Args:
        sender: who pushed it.
        head: how the body begins; of a longer first series only so much tells layouts apart.
        size: how long it is.
    """
    if len(head) < 3 or head[0] != 0x0A:
        return sender, size, b""
    start = 2 if head[1] < 0x80 else 3
    length = head[1] if start == 2 else head[1] & 0x7F | head[2] << 7
    return sender, size, head[: max(0, start + length - TAIL)]
