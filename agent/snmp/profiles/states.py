"""States and bits whose names are labels, as snmp_exporter has them: EnumAsInfo, EnumAsStateSet and Bits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from agent.sample import Family, Sample, Series
from agent.snmp.values import Value
from core.labels import Labels, labels

Enum = Literal["info", "state_set", "bits"]
Make = Callable[[Value], Iterable[Sample]]


@dataclass(frozen=True, slots=True)
class States:
    """Which names a value has.

    Attributes:
        enum: `info` has 1 for the name of the value, `state_set` 1 for it and 0 for all others, `bits` 1 or 0 each.
        label: of the name.
        names: by value; of bits by position, from 0, the most significant bit of the first octet.
    """

    enum: Enum
    label: str
    names: Mapping[int, str]

    def samples(self, family: Family, of: Labels) -> Make:
        """What makes samples of an object's values, with the labels of its row."""
        made: dict[str, Series] = {}  # as they come up: of three hundred types of interfaces a row has one

        def series(name: str) -> Series:
            if name not in made:
                if len(made) > len(self.names):
                    made.clear()  # numbers without a name, one after the other
                made[name] = Series(family, labels(of, **{self.label: name}))
            return made[name]

        def make(value: Value) -> Iterator[Sample]:
            if self.enum == "bits":
                if isinstance(value, bytes):
                    yield from (Sample(series(name), _bit(value, place)) for place, name in self.names.items())
            elif type(value) is int:
                own = self.names.get(value, str(value))
                yield Sample(series(own), 1)
                if self.enum == "state_set":
                    yield from (Sample(series(name), 0) for name in dict.fromkeys(self.names.values()) if name != own)

        return make


def _bit(octets: bytes, place: int) -> int:
    return octets[place // 8] >> (7 - place % 8) & 1 if place < len(octets) * 8 else 0
