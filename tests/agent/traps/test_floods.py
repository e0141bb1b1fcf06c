from __future__ import annotations

import pytest

from agent.traps.floods import EVERY_SECONDS, MOST_SOURCES, MOST_TOLD, Floods
from agent.traps.limits import Drop


def test_what_limits_drop_is_told_once_a_minute_the_worst_first() -> None:
    floods = Floods()
    for source, count in (("10.0.0.1", 3), ("10.0.0.2", 700)):
        for _ in range(count):
            floods.note(source, Drop.SOURCE_RATE, 100.0)
    assert floods.due(100.0 + EVERY_SECONDS - 1) == []
    told = floods.due(100.0 + EVERY_SECONDS)
    assert [(one.source, one.count) for one in told] == [("10.0.0.2", 700), ("10.0.0.1", 3)]
    assert floods.due(100.0 + 3 * EVERY_SECONDS) == [], "it is over"


def test_the_event_says_whose_traps_how_many_and_which_limit() -> None:
    floods = Floods()
    floods.note("10.0.0.1", Drop.TOTAL_RATE, 0.0)
    [flood] = floods.due(61.0)
    event = flood.event("core-1", 1_760_000_000_000)
    assert (
        event.message == "1 traps of core-1 dropped in 61 s: more than all sources together may send (traps.total_rate)"
    )
    assert (event.target, event.kind, event.alerts) == ("core-1", "trap", [])
    assert event.attributes == {
        "trap": "trapsDropped", "severity": "warning", "source": "10.0.0.1", "reason": "total_rate", "count": "1",
    }  # fmt: skip


@pytest.mark.parametrize("reason", [one for one in Drop if one not in (Drop.SOURCE_RATE, Drop.TOTAL_RATE)])
def test_what_is_no_limit_is_no_flood(reason: Drop) -> None:
    floods = Floods()
    floods.note("10.0.0.1", reason, 0.0)
    assert floods.due(1000.0) == []


def test_sources_that_are_made_up_are_bounded_and_few_are_told() -> None:
    floods = Floods()
    for n in range(MOST_SOURCES + 50):
        floods.note(f"10.{n // 65536}.{n // 256 % 256}.{n % 256}", Drop.TOTAL_RATE, 0.0)
    assert len(floods._counts) == MOST_SOURCES
    assert len(floods.due(EVERY_SECONDS)) == MOST_TOLD
