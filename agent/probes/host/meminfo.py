"""Memory, from `/proc/meminfo` (proc(5)): every field the kernel has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import mul

from agent.probes.host.collector import Host
from agent.probes.host.table import picker
from agent.sample import Family, Sample, Series, pair

_KIB = 1024


def parse_meminfo(text: str) -> dict[str, float]:
    """Values by field; `Active(anon):  8 kB` is `Active_anon_bytes`, fields without a unit keep their name."""
    fields = {}
    for line in text.splitlines():
        name, colon, rest = line.partition(":")
        if not colon:
            continue
        if "(" in name:
            name = name.replace("(", "_").replace(")", "")
        number, *unit = rest.split()
        if unit:
            fields[name + "_bytes"] = float(int(number) * _KIB)
        else:
            fields[name] = float(number)
    return fields


class Layout:
    """Where the fields stand among the words of the file, and the series of each; the same until the kernel changes."""

    def __init__(self, words: list[bytes]) -> None:
        text = b" ".join(words).decode("utf-8", "replace")
        lines = re.sub(r" (?=\S+:( |$))", "\n", text)
        fields = list(parse_meminfo(lines))
        names = [at for at, word in enumerate(words) if word.endswith(b":")]
        if len(names) != len(fields):
            raise ValueError(f"/proc/meminfo has {len(names)} names for {len(fields)} fields")
        self._words = len(words)
        self._names = picker(names)
        self._spelled = self._names(words)
        self._numbers = picker([at + 1 for at in names])
        self._units = [_KIB if field.endswith("_bytes") else 1 for field in fields]
        self._series = [Series(_family(field)) for field in fields]

    def fits(self, words: list[bytes]) -> bool:
        """Whether the words have the same fields at the same places."""
        return len(words) == self._words and self._names(words) == self._spelled

    def samples(self, words: list[bytes]) -> Iterator[Sample]:
        """The samples of words that fit."""
        return pair(self._series, map(mul, map(float, self._numbers(words)), self._units))


class MeminfoCollector:
    """`node_memory_…`, in bytes where the kernel counts memory, plain counts of huge pages."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._layout: Layout | None = None

    async def collect(self) -> list[Sample]:
        words = self._files.data("meminfo").split()
        if self._layout is None or not self._layout.fits(words):
            self._layout = Layout(words)
        return list(self._layout.samples(words))


def _family(field: str) -> Family:
    return Family(f"node_memory_{field}", "gauge", f"Memory information field {field}.")
