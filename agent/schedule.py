"""When a target is read: at instants of the wall clock, each target at its own offset, without drift or bursts.

A target of interval 15 s with offset 4.2 s is due at :04.2, :19.2, :34.2, … of every minute, on every day
and after every restart. The offset is a hash of the agent's and the target's name, so that targets and agents
spread evenly over the interval and stay where they are. Instants and spans here are milliseconds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

# A wait is cut into naps, so that a suspended machine or a stepped clock is noticed after one of them.
LONGEST_NAP_SECONDS = 30.0
# An event loop wakes this late without meaning it; within it samples carry the due instant itself, evenly spaced.
TOLERANCE_MS = 20


@dataclass(frozen=True, slots=True)
class Slot:
    """Every instant t with t mod interval = offset."""

    interval_ms: int
    offset_ms: int

    def next_after(self, now_ms: int) -> int:
        """The first of its instants later than `now_ms`."""
        return now_ms + self.interval_ms - (now_ms - self.offset_ms) % self.interval_ms


@dataclass(frozen=True, slots=True)
class Turn:
    """What to do at some instant.

    Attributes:
        collect_at_ms: read the target now and give its samples this time; None: it is not time yet.
        due_ms: the instant to wait for next.
        missed: how many due instants passed while nobody was there to see them.
    """

    collect_at_ms: int | None
    due_ms: int
    missed: int = 0


def slot(agent: str, job: str, instance: str, interval_ms: int) -> Slot:
    """The slot of one target of one agent: stable, and evenly spread over many of either."""
    digest = hashlib.sha256(f"{agent}\0{job}\0{instance}".encode()).digest()
    return Slot(interval_ms, int.from_bytes(digest[:8], "big") % interval_ms)


def is_left_out(of: Slot, due_ms: int, stretch: int) -> bool:
    """Whether an instant is to pass when only every `stretch`-th is wanted; which ones differ from slot to slot."""
    return (due_ms // of.interval_ms + of.offset_ms) % stretch != 0


def turn(of: Slot, due_ms: int, now_ms: int) -> Turn:
    """What to do at `now_ms` when the target is due at `due_ms`.

    However late it is, the target is read once: instants missed by a suspended machine, a clock set forward
    or a collection that took too long are counted, not made up for. A clock set back by more than an interval
    starts afresh instead of waiting for a time that was.
    """
    late = now_ms - due_ms
    if late < 0:
        return Turn(None, due_ms if -late <= of.interval_ms else of.next_after(now_ms))
    return Turn(due_ms if late <= TOLERANCE_MS else now_ms, of.next_after(now_ms), late // of.interval_ms)
