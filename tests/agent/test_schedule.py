from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.schedule import Slot, Turn, slot, turn

INSTANTS = st.integers(0, 2**42)
SLOTS = st.integers(1000, 3_600_000).flatmap(
    lambda interval: st.builds(Slot, st.just(interval), st.integers(0, interval - 1))
)


@given(SLOTS, INSTANTS)
def test_the_next_instant_is_aligned_later_and_within_one_interval(of: Slot, now_ms: int) -> None:
    due_ms = of.next_after(now_ms)
    assert due_ms % of.interval_ms == of.offset_ms
    assert now_ms < due_ms <= now_ms + of.interval_ms


@given(st.text(max_size=20), st.text(max_size=20), st.integers(1000, 10**7))
def test_a_target_keeps_its_offset(agent: str, target: str, interval_ms: int) -> None:
    of = slot(agent, "snmp", target, interval_ms)
    assert of == slot(agent, "snmp", target, interval_ms)
    assert 0 <= of.offset_ms < interval_ms


def test_offsets_of_a_fleet_spread_evenly_over_the_interval() -> None:
    offsets = [slot(f"web-{index}", "node", f"web-{index}", 15_000).offset_ms for index in range(3000)]
    seconds = [sum(second * 1000 <= offset < (second + 1) * 1000 for offset in offsets) for second in range(15)]
    assert min(seconds) > 140
    assert max(seconds) < 260


@given(SLOTS, INSTANTS, st.integers(-(10**8), 10**8))
def test_whatever_the_clock_does_the_next_due_instant_is_aligned_and_near(
    of: Slot, due_near_ms: int, jump: int
) -> None:
    due_ms = of.next_after(due_near_ms)
    now_ms = due_ms + jump
    decided = turn(of, due_ms, now_ms)
    assert decided.due_ms % of.interval_ms == of.offset_ms
    assert 0 < decided.due_ms - now_ms <= of.interval_ms
    assert (decided.collect_at_ms is not None) == (jump >= 0)


OF = Slot(15_000, 4_000)


def test_turns() -> None:
    cases = [
        (19_000, 18_999, Turn(None, 19_000), "not yet"),
        (19_000, 19_000, Turn(19_000, 34_000), "on time"),
        (19_000, 19_020, Turn(19_000, 34_000), "the loop woke a little late: samples stay evenly spaced"),
        (19_000, 19_021, Turn(19_021, 34_000), "later than that: samples tell their true time"),
        (19_000, 33_999, Turn(33_999, 34_000), "one interval late: the next instant is kept"),
        (19_000, 34_000, Turn(34_000, 49_000, 1), "two instants due: one collection, one counted"),
        (19_000, 3_619_000, Turn(3_619_000, 3_634_000, 240), "an hour suspended: no burst"),
        (19_000, 4_000, Turn(None, 19_000), "the clock was set back by an interval: wait"),
        (19_000, 3_999, Turn(None, 4_000), "the clock was set back by more: start afresh"),
    ]
    for due_ms, now_ms, expected, reason in cases:
        assert turn(OF, due_ms, now_ms) == expected, reason


def test_a_year_of_turns_does_not_drift() -> None:
    now_ms = 1_760_000_000_000
    due_ms = OF.next_after(now_ms)
    for _ in range(1000):
        decided = turn(OF, due_ms, due_ms + 7)  # the loop is always a little late
        assert decided.collect_at_ms == due_ms
        assert decided.due_ms == due_ms + OF.interval_ms
        due_ms = decided.due_ms
