"""Decisions about clocks and replays, without a server."""

from __future__ import annotations

import pytest

from collector.ingest.sequence import Sequences
from collector.ingest.skew import Skews, settle

DAY = 86_400_000

SHIFTS = [
    (0, 0, 0, "clocks agree"),
    (0, 30_000, 0, "within the tolerance"),
    (0, -30_000, 0, "within the tolerance, ahead"),
    (0, 30_001, 30_001, "beyond it"),
    (0, -DAY, -DAY, "a day ahead"),
    (DAY, DAY + 900, DAY, "the shift in force explains it"),
    (DAY, 500, 0, "the clock was put right"),
    (DAY, DAY + 40_000, DAY + 40_000, "the clock drifted away from the shift"),
]


@pytest.mark.parametrize(("shift", "skew", "expected", "reason"), SHIFTS)
def test_a_shift_stays_until_the_clock_is_stepped(shift, skew, expected, reason) -> None:
    assert settle(shift, skew) == expected, reason


def test_shifts_are_by_agent_and_boot() -> None:
    skews = Skews()
    assert skews.shift_ms("a", "1", DAY) == DAY
    assert skews.shift_ms("a", "1", DAY + 5) == DAY
    assert skews.shift_ms("a", "2", 5) == 0
    assert skews.shift_ms("b", "1", 5) == 0


def test_a_sequence_is_seen_when_it_or_a_later_one_was_taken() -> None:
    sequences = Sequences()
    assert not sequences.seen("a", "1", 0)
    sequences.record("a", "1", 5)
    sequences.record("a", "1", 4)
    assert sequences.seen("a", "1", 5)
    assert sequences.seen("a", "1", 0)
    assert not sequences.seen("a", "1", 6)
    assert not sequences.seen("a", "2", 0)


def test_what_is_remembered_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr("collector.ingest.sequence._REMEMBERED", 2)
    sequences = Sequences()
    sequences.record("a", "1", 5)
    sequences.record("b", "1", 5)
    sequences.record("a", "1", 6)
    sequences.record("c", "1", 5)
    assert sequences.seen("a", "1", 6)
    assert not sequences.seen("b", "1", 5), "the longest silent is forgotten"
