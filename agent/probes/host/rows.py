"""Series that are made once and yielded again and again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from agent.sample import Family, Sample, Series, pair

Key = TypeVar("Key")

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
