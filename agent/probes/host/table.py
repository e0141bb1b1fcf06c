"""Families declared in rows, and samples of tables that keep their layout from round to round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from agent.sample import Family, Sample, Series, pair


def gauge(name: str, text: str) -> Family:
    """A family that goes up and down."""
    return Family(name, "gauge", text)


def counter(name: str, text: str) -> Family:
    """A family that only grows."""
    return Family(name, "counter", text)


Pick = Callable[[Sequence[bytes]], tuple[bytes, ...]]


def picker(places: Sequence[int]) -> Pick:
    """A function that gives the words at the places, without a step of Python for each."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda words: tuple(words[at] for at in places)


class Told(NamedTuple):
    """Which words of a line or file are told, and as what."""

    series: tuple[Series, ...]
    pick: Pick
    last: int

    @classmethod
    def of(cls, found: Iterable[tuple[int, Series | None]]) -> Told:
        """Those of the places that have a series."""
        kept = [(at, series) for at, series in found if series is not None]
        places = [at for at, _ in kept]
        return cls(tuple(series for _, series in kept), picker(places), max(places, default=-1))

    def samples(self, words: Sequence[bytes]) -> Iterator[Sample]:
        """The samples of the words.

        Raises:
            ValueError: there are too few words, or one that is told is no number.
        """
        if self.last >= len(words):
            raise ValueError(f"{len(words)} values are fewer than the headings promise")
        return pair(self.series, map(float, self.pick(words)))


class Positions:
    """Which columns of a line of headings are told, and as what; found once for each line of headings.

    Args:
        series: of a heading; None for those that are not told.
    """

    def __init__(self, series: Callable[[str], Series | None]) -> None:
        self._series = series
        self._headings = b""
        self._told = Told.of(())

    def samples(self, headings: bytes, values: list[bytes]) -> Iterator[Sample]:
        """The samples of a line of values; errors as `Told.samples`."""
        if headings != self._headings:
            words = _text(headings).split()
            self._told = Told.of((at, self._series(word)) for at, word in enumerate(words))
            self._headings = headings
        return self._told.samples(values)


class Named:
    """Samples of a file of names and values in turn, of which some are told: found once for each list of names.

    Args:
        series: of a name; None for those that are not told.
    """

    def __init__(self, series: Callable[[str], Series | None]) -> None:
        self._series = series
        self._names: list[bytes] = []
        self._told = Told.of(())

    def samples(self, data: bytes) -> Iterator[Sample]:
        """The samples of the file's text.

        Raises:
            ValueError: a name is without a value, or a value is no number.
        """
        words = data.split()
        if len(words) % 2:
            raise ValueError(f"{words[-1][:40]!r} has no value")
        names = words[::2]
        if names != self._names:
            self._told = Told.of((2 * at + 1, self._series(_text(name))) for at, name in enumerate(names))
            self._names = names
        return self._told.samples(words)


def _text(word: bytes) -> str:
    return word.decode("utf-8", "replace")
