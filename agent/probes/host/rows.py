"""Series that are made once and yielded again and again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from agent.sample import Family, Sample, Series, pair

Key = TypeVar("Key")
Made = TypeVar("Made")

_REMEMBERED = 10_000


class Rows(Generic[Key]):
    """A row of series per device, CPU or mount: made when it appears, forgotten when it is gone."""

    def __init__(self, make: Callable[[Key], tuple[Series, ...]]) -> None:
        self._make = make
        self._rows: dict[Key, tuple[Series, ...]] = {}

    def samples(self, values: Mapping[Key, Iterable[float]]) -> list[Sample]:
        """Pair each row's series with its values, in order; a short row (an older kernel's) leaves the rest out."""
        before, self._rows = self._rows, {}
        samples: list[Sample] = []
        for key, row in values.items():
            series = before.get(key) or self._make(key)
            self._rows[key] = series
            samples += pair(series, row)
        return samples


class Lines(Generic[Key]):
    """Rows of files that have a line for each device, no two lines alike: one that is as it was is not parsed again.

    Args:
        parse: the device of a line and its values; None for one that is left out.
        make: the series of a device.
    """

    def __init__(
        self,
        parse: Callable[[str], tuple[Key, Iterable[float]] | None],
        make: Callable[[Key], tuple[Series, ...]],
    ) -> None:
        self._parse = parse
        self._make = make
        self._known: dict[str, tuple[Key | None, list[Sample]]] = {}
        self._series: dict[Key, tuple[Series, ...]] = {}

    def samples(self, lines: Iterable[str]) -> list[Sample]:
        """Of all lines; errors as `parse`."""
        before, self._known = self._known, {}
        samples: list[Sample] = []
        for line in lines:
            known = self._known[line] = before.get(line) or self._read(line)
            samples += known[1]
        if len(self._series) > len(self._known):
            present = {key for key, _ in self._known.values()}
            self._series = {key: series for key, series in self._series.items() if key in present}
        return samples

    def keys(self) -> list[Key]:
        """The devices of the lines that were last given."""
        return [key for key, _ in self._known.values() if key is not None]

    def _read(self, line: str) -> tuple[Key | None, list[Sample]]:
        parsed = self._parse(line)
        if parsed is None:
            return None, []
        key, values = parsed
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._make(key)
        return key, list(pair(series, values))


class Unchanged(Generic[Made]):
    """What is made of a file's data, made again only when the data is another; not to be changed by who gets it."""

    def __init__(self, make: Callable[[bytes], Made]) -> None:
        self._make = make
        self._kept: tuple[bytes, Made] | None = None

    def of(self, data: bytes) -> Made:
        """For this data; errors as `make`."""
        if self._kept is None or data != self._kept[0]:
            self._kept = data, self._make(data)
        return self._kept[1]


class Scalars:
    """One series per name, for files that list names and values (`/proc/meminfo`)."""

    def __init__(self, make: Callable[[str], Family]) -> None:
        self._make = make
        self._names: list[str] = []
        self._series: list[Series] = []

    def samples(self, values: Mapping[str, float]) -> list[Sample]:
        """A sample per name; a kernel lists the same names each time, so the series are mostly at hand."""
        names = list(values)
        if names != self._names:
            self._series = [Series(self._make(name)) for name in names]
            self._names = names
        return list(pair(self._series, values.values()))


class Excluded(dict[str, bool]):
    """Whether a pattern excludes a name (`excluded[name]`): the pattern runs once per name, not once per round."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self._search = re.compile(pattern).search

    def __missing__(self, name: str) -> bool:
        if len(self) >= _REMEMBERED:  # names come and go on container hosts
            self.clear()
        self[name] = found = self._search(name) is not None
        return found
