"""Families declared in rows, and samples of tables that keep their layout from round to round."""

from __future__ import annotations

from collections.abc import Callable

from agent.sample import Family, Sample, Series


def gauge(name: str, text: str) -> Family:
    """A family that goes up and down."""
    return Family(name, "gauge", text)


def counter(name: str, text: str) -> Family:
    """A family that only grows."""
    return Family(name, "counter", text)


class Positions:
    """Which columns of a line of headings are told, and as what; found once for each line of headings.

    Args:
        series: of a heading; None for those that are not told.
    """

    def __init__(self, series: Callable[[str], Series | None]) -> None:
        self._series = series
        self._known: dict[bytes, list[tuple[int, Series]]] = {}

    def samples(self, headings: bytes, values: list[bytes]) -> list[Sample]:
        """The samples of a line of values.

        Raises:
            ValueError: there are fewer values than headings, or one is no number.
        """
        places = self._known.get(headings)
        if places is None:
            found = ((at, self._series(word.decode("utf-8", "replace"))) for at, word in enumerate(headings.split()))
            places = self._known[headings] = [(at, series) for at, series in found if series is not None]
        if places and places[-1][0] >= len(values):
            raise ValueError(f"{len(values)} values are fewer than the headings promise")
        return [Sample(series, float(values[at])) for at, series in places]


class Named:
    """Samples of a file of names and values in turn, of which some are told: found once for each list of names.

    Args:
        series: of a name; None for those that are not told.
    """

    def __init__(self, series: Callable[[str], Series | None]) -> None:
        self._series = series
        self._names: list[bytes] = []
        self._places: list[tuple[int, Series]] = []

    def samples(self, data: bytes) -> list[Sample]:
        """The samples of the file's text.

        Raises:
            ValueError: a name is without a value, or a value is no number.
        """
        words = data.split()
        if len(words) % 2:
            raise ValueError(f"{words[-1][:40]!r} has no value")
        names = words[::2]
        if names != self._names:
            found = ((2 * at + 1, self._series(name.decode("utf-8", "replace"))) for at, name in enumerate(names))
            self._places = [(at, series) for at, series in found if series is not None]
            self._names = names
        return [Sample(series, float(words[at])) for at, series in self._places]
