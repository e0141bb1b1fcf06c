"""By what a reported thing is known again: pure functions of reports and of what was kept."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from core.discovery import FoundDevice, identities

MOST_MACS = 128
_SERIAL = "serial:"


@dataclass(slots=True)
class Kept:
    """What is kept of a thing, less its report."""

    id: int
    name: str
    marks: frozenset[str]
    ci_id: int | None
    sweep: str

    def addresses(self) -> Iterator[str]:
        """Where it answered."""
        return (mark.removeprefix("address:") for mark in self.marks if mark.startswith("address:"))


def marks_of(device: FoundDevice) -> list[str]:
    """Everything that the thing may be known again by: the identities first, then addresses, name and MACs."""
    facts = device.facts
    macs = dict.fromkeys(one.mac.lower() for one in facts.interfaces if one.mac)
    found = [*identities(device), *(f"address:{address}" for address in device.addresses)]
    if facts.name:
        found.append(f"name:{facts.name.casefold()}")
    if device.chassis_id:
        found.append(f"mac:{device.chassis_id.casefold()}")
    return list(dict.fromkeys([*found, *(f"mac:{mac}" for mac in list(macs)[:MOST_MACS])]))


class Known:
    """The things of one agent by their marks."""

    def __init__(self, kept: Iterable[Kept]) -> None:
        self._by_mark: dict[str, list[Kept]] = defaultdict(list)
        self._names: dict[str, set[int]] = defaultdict(set)
        self.all: dict[int, Kept] = {}
        for one in kept:
            self.add(one)

    def add(self, one: Kept) -> None:
        """Take a thing in, or what is new of it."""
        before = self.all.get(one.id)
        for mark in before.marks - one.marks if before else ():
            self._by_mark[mark] = [other for other in self._by_mark[mark] if other.id != one.id]
        self.all[one.id] = one
        for mark in one.marks:
            self._by_mark[mark] = [*(other for other in self._by_mark[mark] if other.id != one.id), one]
        self._names[one.name.casefold()].add(one.id)

    def find(self, device: FoundDevice) -> Kept | None:
        """The thing that a report is about.

        The strongest identity decides. Without one in common, it is what answered at the same address: the same name
        with another serial number there is a device that was replaced, which people are to be told of; another name
        there is another thing that got the address.
        """
        own = identities(device)
        for identity in own:
            for one in self._by_mark.get(identity, ()):
                if identity.startswith(_SERIAL) or not _other_serial(own, one.marks):
                    return one
        name = (device.facts.name or "").casefold()
        for address in device.addresses:
            for one in self._by_mark.get(f"address:{address}", ()):
                known_names = {mark for mark in one.marks if mark.startswith("name:")}
                if not known_names or not name or f"name:{name}" in known_names:
                    return one
        return None

    def is_namesake(self, name: str, but: int | None) -> bool:
        """Whether another thing has this name, so that the name alone means nobody."""
        return bool(self._names.get(name.casefold(), set()) - {but})

    def at(self, mark: str) -> Kept | None:
        """The one thing with this mark; None when there is none, or more than one."""
        found = self._by_mark.get(mark, [])
        return found[0] if len(found) == 1 else None

    def missing(self, sweep: str, networks: Sequence[tuple[int, int, int]]) -> list[Kept]:
        """Those that a finished sweep of the networks should have found and has not."""
        gone = (one for one in self.all.values() if one.sweep != sweep)
        return [one for one in gone if any(_within(address, networks) for address in one.addresses())]


def parse_ranges(texts: Iterable[str]) -> list[tuple[int, int, int]]:
    """`FIRST-LAST` as version and two numbers.

    Raises:
        ValueError: a text is no such range.
    """
    found: list[tuple[int, int, int]] = []
    for text in texts:
        first, _, last = text.partition("-")
        ends = ipaddress.ip_address(first), ipaddress.ip_address(last)
        if ends[0].version != ends[1].version or int(ends[0]) > int(ends[1]):
            raise ValueError(f"{text!r} is no range of addresses")
        found.append((ends[0].version, int(ends[0]), int(ends[1])))
    return found


def _within(address: str, networks: Sequence[tuple[int, int, int]]) -> bool:
    found = ipaddress.ip_address(address)
    of, number = found.version, int(found)
    return any(first <= number <= last and version == of for version, first, last in networks)


def _other_serial(own: list[str], marks: frozenset[str]) -> bool:
    mine = {one for one in own if one.startswith(_SERIAL)}
    theirs = {mark for mark in marks if mark.startswith(_SERIAL)}
    return bool(mine) and bool(theirs) and not mine & theirs
