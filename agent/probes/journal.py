"""Entries of systemd's journal whose messages a pattern fits, counted: across restarts of the agent and the machine.

Only what is written after the first look counts. At most two mebibytes are read a round; a journal that is written
faster for long is skipped forward, and the time skipped is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent import patterns
from agent.probes.journal_entries import PRIORITIES, Entry, Wanted, is_cursor, matches, message_of, texts
from agent.probes.journalctl import PROGRAM, Failure, Journalctl, Reading
from agent.probes.kept import Kept
from agent.probes.log_matches import LINES, MATCHES, Matched
from agent.probes.programs import Program
from agent.sample import Family, Sample, Series
from core.clock import Clock
from core.labels import labels
from core.log import get_logger

log = get_logger(__name__)

READABLE = Family("log_journal_readable", "gauge", "Whether systemd's journal could be read the last time.")
FAILURES = Family("log_journal_failures_total", "counter", "Runs of journalctl that failed, by class.")
UNREAD = Family("log_journal_unread_total", "counter", "Entries of the journal that were too large or damaged.")
SKIPPED = Family(
    "log_journal_skipped_seconds_total", "counter", "Time of the journal skipped because it was written too fast."
)

MOST_ROUNDS_BEHIND = 64  # full ones in a row; then what is left is skipped


class Place(msgspec.Struct):
    """Where reading goes on, and what was counted; kept on disk.

    Attributes:
        cursor: of the last entry that was read; "" before the first.
        at_us: just after it, or the time of the first look: from where to go on without a cursor; 0 before that.
        entries, matches: by section; matches by pattern within.
    """

    cursor: str = ""
    at_us: int = 0
    entries: dict[str, int] = {}
    matches: dict[str, dict[str, int]] = {}
    unread: int = 0
    skipped_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Watched:
    """A section of the configuration; `matched` is told of matches, None tells nobody."""

    name: str
    wanted: Wanted
    patterns: Mapping[str, str]
    matched: Matched | None = None


@dataclass(slots=True)
class Match:
    """A pattern that was found in a round: the first entry that it fits, and how many there are."""

    watched: Watched
    pattern: str
    entry: Entry
    message: bytes
    count: int = 0


class JournalCollector:
    """Reads on in the journal.

    Args:
        watched: each with a name of its own.
        state: the file in which the place is kept; one that cannot be used begins anew.
        options: of journalctl, where it is not this machine's own journal.
    """

    def __init__(
        self,
        watched: Sequence[Watched],
        state: Path,
        clock: Clock,
        *,
        options: Sequence[str] = (),
        program: Program = PROGRAM,
    ) -> None:
        self._watched = watched
        self._clock = clock
        self._journalctl = Journalctl(matches([one.wanted for one in watched]), options, program)
        self._kept = Kept(state, "places in the journal", Place, Place())
        self._place = self._kept.load()
        self._place.cursor = self._place.cursor if is_cursor(self._place.cursor) else ""
        self._failures: Counter[Failure] = Counter()
        self._failure: Failure | None = None
        self._behind = 0  # full rounds in a row

    async def collect(self) -> list[Sample]:
        """Every section's counts; a journal that cannot be read keeps them."""
        place = self._place
        now_us = self._clock.now_ms() * 1000
        # A clock that was ahead and was set back: nothing would be read before it is there again.
        place.at_us = min(place.at_us or now_us, now_us + 1000)
        reading = await self._journalctl.read(place.cursor, place.at_us)
        found = self._count(reading, place)
        self._behind = self._behind + 1 if reading.full else 0
        if self._behind > MOST_ROUNDS_BEHIND:
            self._skip(place)
        self._note(reading)
        self._kept.save(place)
        for one in found:
            if one.watched.matched is not None:
                one.watched.matched(_described(one), one.pattern, one.count, one.message)
        return list(self._samples())

    def _count(self, reading: Reading, place: Place) -> list[Match]:
        found: dict[tuple[str, str], Match] = {}
        place.unread += reading.unread
        for entry in reading.entries:
            place.cursor, place.at_us = entry.cursor, int(entry.at_us) + 1
            message = message_of(entry)
            place.unread += message is None
            for watched in self._watched:
                if not watched.wanted.has(entry):
                    continue
                place.entries[watched.name] = place.entries.get(watched.name, 0) + 1
                for name in _fitting(watched.patterns, message):
                    of = place.matches.setdefault(watched.name, {})
                    of[name] = of.get(name, 0) + 1
                    found.setdefault((watched.name, name), Match(watched, name, entry, message or b"")).count += 1
        return list(found.values())

    def _skip(self, place: Place) -> None:
        now_us = self._clock.now_ms() * 1000
        seconds = max(now_us - place.at_us, 0) / 1e6
        log.warning("journal is written faster than it is read; a part is skipped", seconds=round(seconds))
        place.skipped_seconds += seconds
        place.cursor, place.at_us, self._behind = "", now_us, 0

    def _note(self, reading: Reading) -> None:
        # Said once when it begins and once when it ends, not at every collection.
        if reading.failure is not None:
            self._failures[reading.failure] += 1
        if reading.failure != self._failure:
            if reading.failure is None:
                log.info("journal can be read again")
            else:
                log.warning("journal cannot be read", reason=reading.reason)
        self._failure = reading.failure

    def _samples(self) -> Iterator[Sample]:
        place = self._place
        yield Sample(Series(READABLE), float(self._failure is None))
        yield Sample(Series(UNREAD), float(place.unread))
        yield Sample(Series(SKIPPED), place.skipped_seconds)
        for failure in Failure:
            yield Sample(Series(FAILURES, labels({"class": failure.value})), float(self._failures[failure]))
        for watched in self._watched:
            yield Sample(Series(LINES, labels(journal=watched.name)), float(place.entries.get(watched.name, 0)))
            counted = place.matches.get(watched.name, {})
            for name in watched.patterns:
                of = labels(journal=watched.name, pattern=name)
                yield Sample(Series(MATCHES, of), float(counted.get(name, 0)))


def _fitting(of: Mapping[str, str], message: bytes | None) -> list[str]:
    return [name for name, pattern in of.items() if patterns.found(pattern, message)] if message else []


def _described(match: Match) -> dict[str, str]:
    """What an event says of where it was found, in the writer's words: cleaned by who tells it."""
    found = {"journal": match.watched.name}
    urgent = [PRIORITIES[int(one)] for one in texts(match.entry.priority) if one in set("01234567")]
    for key, values in (
        ("unit", texts(match.entry.unit)), ("identifier", texts(match.entry.identifier)), ("priority", urgent)
    ):  # fmt: skip
        if values:
            found[key] = values[0]
    return found
