"""Series of tables that many devices have alike: what is the same is kept once, what is a device's own as bytes.

A switch of 56 interfaces has some two thousand series. What makes them is small: which metrics there are of which row,
the same for every switch of that model (`Slot`), and each row's labels (`LabelRows`), kept encoded as they are pushed.
The series themselves are made for one collection and forgotten with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from typing import TypeVar

from agent.sample import Family, Sample, Series, pair
from core.labels import METRIC_NAME, Labels
from core.remote_write import encode_labels

Item = TypeVar("Item")

# All label names of packed series sort after `__name__` and before this; a target's (`instance`, `job`) follow.
BEFORE = "ig"

_NAMES = 4096  # more names than one agent's targets have, fewer than a hostile endpoint can think up
_SLOTS = 65_536  # 2,000 interfaces


class Slot:
    """A metric of a row, in whatever device; compared by identity.

    Attributes:
        name: the label `__name__`, encoded.
        row, more: places in `LabelRows`.
    """

    __slots__ = ("family", "more", "name", "row")

    def __init__(self, family: Family, row: int, more: int = 0) -> None:
        self.family = family
        self.name = encoded_name(family.name)
        self.row = row
        self.more = more


class Slots:
    """Slots in an order, and what makes their series' bytes taken apart by columns; compared by identity.

    Attributes:
        names: the encoded names.
        rows, more: of `LabelRows.rows` or `LabelRows.more`, or of a number for each of these, give each slot's.
    """

    __slots__ = ("__weakref__", "all", "more", "names", "rows")

    def __init__(self, slots: tuple[Slot, ...]) -> None:
        self.all = slots
        self.names = tuple(one.name for one in slots)
        self.rows = _picker([one.row for one in slots])
        self.more = _picker([one.more for one in slots])


def _picker(places: list[int]) -> Callable[[Sequence[Item]], Sequence[Item]]:
    """A function that gives the items at the places."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda items: [items[at] for at in places]


class LabelRows:
    """A device's label sets, encoded, each in two parts.

    Attributes:
        rows: each row's labels.
        more: labels that follow in some series only; the first are none.
    """

    __slots__ = ("more", "rows")

    def __init__(self, rows: Iterable[bytes] = (), more: Iterable[bytes] = (b"",)) -> None:
        self.rows = tuple(rows)
        self.more = tuple(more)

    def same(self, other: LabelRows | None) -> bool:
        """Whether both say the same."""
        return self is other or (other is not None and self.rows == other.rows and self.more == other.more)


class Packed(Series):
    """A series that is made for one collection; name, labels and hash are worked out when somebody asks.

    It equals other packed series only: whoever yields them yields no other series of the same name and labels.
    """

    __slots__ = ("of", "slot")

    def __init__(self, slot: Slot, of: LabelRows) -> None:  # not super's: that would work out all
        self.slot = slot
        self.of = of

    @property
    def encoded(self) -> bytes:
        """The series' own labels without its name, encoded."""
        return self.of.rows[self.slot.row] + self.of.more[self.slot.more]

    def __getattr__(self, name: str) -> object:
        value: object
        if name == "family":
            value = self.slot.family
        elif name == "labels":
            value = decode_labels(self.encoded)
        elif name == "_hash":
            value = hash((self.slot.family.name, self.encoded))
        else:
            raise AttributeError(name, name=name, obj=self)
        setattr(self, name, value)
        return value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Packed):
            return False
        return self.slot.family.name == other.slot.family.name and self.encoded == other.encoded

    __hash__ = Series.__hash__


class Batch(Collection[Sample]):
    """A collection's samples of which most are packed: those become `Sample`s only for whoever wants them one by one.

    Attributes:
        slots, rows: of the packed ones; no slot is there twice.
        values: theirs.
        plain: the others.
    """

    __slots__ = ("plain", "rows", "slots", "values")

    def __init__(self, slots: Slots, rows: LabelRows, values: Sequence[float], plain: list[Sample]) -> None:
        self.slots = slots
        self.rows = rows
        self.values = values
        self.plain = plain

    def __len__(self) -> int:
        return len(self.values) + len(self.plain)

    def __iter__(self) -> Iterator[Sample]:
        yield from pair(packed(self.slots.all, self.rows), self.values)
        yield from self.plain

    def __contains__(self, sample: object) -> bool:
        return any(one == sample for one in self)


def packed(slots: Iterable[Slot], of: LabelRows) -> Iterator[Packed]:
    """The series in these places of a device."""
    return map(Packed, slots, repeat(of))


@lru_cache(_SLOTS)
def slot(family: Family, row: int, more: int = 0) -> Slot:
    """The slot, the same one for the same arguments."""
    return Slot(family, row, more)


@lru_cache(_NAMES)
def encoded_name(name: str) -> bytes:
    """The label `__name__` as bytes."""
    return encode_labels(((METRIC_NAME, name),))


def decode_labels(encoded: bytes) -> Labels:
    """The inverse of `core.remote_write.encode_labels`."""
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(encoded):
        _, at = _size(encoded, at + 1)  # of the label; its name follows
        size, at = _size(encoded, at + 1)
        name, at = encoded[at : at + size].decode(), at + size
        size, at = _size(encoded, at + 1)
        value, at = encoded[at : at + size].decode(), at + size
        pairs.append((name, value))
    return tuple(pairs)


def _size(encoded: bytes, at: int) -> tuple[int, int]:
    """The varint at a place, and the place after it."""
    number = shift = 0
    while encoded[at] & 0x80:
        number |= (encoded[at] & 0x7F) << shift
        shift += 7
        at += 1
    return number | encoded[at] << shift, at + 1


NO_ROWS = LabelRows()
