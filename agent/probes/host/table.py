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
    """Samples of a file that has a name and a value in each line, few of which are told.

    They are looked for where they stand; the names are those that the kernel was built with.

    Args:
        series: of a name; None for those that are not told.
    """

    def __init__(self, series: Callable[[str], Series | None]) -> None:
        self._series = series
        self._told: list[tuple[bytes, Series]] = []

    def samples(self, data: bytes) -> list[Sample]:
        """The samples of the file's text.

        Raises:
            ValueError: the value of a name that is told is no number.
        """
        text = b"\n%b\n" % data
        samples = []
        for name, series in self._told or self._find(data):
            start = text.find(name) + len(name)
            if start < len(name):  # these are names of another kernel
                self._told = []
                return self.samples(data)
            samples.append(Sample(series, float(text[start : text.index(b"\n", start)])))
        return samples

    def _find(self, data: bytes) -> list[tuple[bytes, Series]]:
        names = [line.partition(b" ")[0] for line in data.split(b"\n")]
        found = ((name, self._series(_text(name))) for name in names if name)
        self._told = [(b"\n%b " % name, series) for name, series in found if series is not None]
        return self._told


def _text(word: bytes) -> str:
    return word.decode("utf-8", "replace")
