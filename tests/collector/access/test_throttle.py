from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.access.throttle import Policy, Throttle

KEY = ("10.0.0.1", "alice")
POLICY = Policy(limit=3, leak_seconds=10)


def test_the_limit_may_be_used_up_at_once_and_then_one_try_comes_back_per_leak() -> None:
    throttle = Throttle(POLICY)
    for _ in range(3):
        assert throttle.wait_seconds(KEY, 0) == 0
        throttle.charge(KEY, 0)
    assert throttle.wait_seconds(KEY, 0) == 10
    assert throttle.wait_seconds(KEY, 9.5) == pytest.approx(0.5)
    assert throttle.wait_seconds(KEY, 10) == 0


def test_another_key_is_not_slowed_down() -> None:
    throttle = Throttle(POLICY)
    for _ in range(5):
        throttle.charge(KEY, 0)
    assert throttle.wait_seconds(("10.0.0.2", "alice"), 0) == 0


def test_a_right_password_clears_and_a_refund_takes_back_one() -> None:
    throttle = Throttle(POLICY)
    for _ in range(3):
        throttle.charge(KEY, 0)
    throttle.refund(KEY)
    assert throttle.wait_seconds(KEY, 0) == 0
    throttle.charge(KEY, 0)
    throttle.clear(KEY)
    assert throttle.wait_seconds(KEY, 0) == 0
    assert len(throttle) == 0


def test_memory_stays_bounded_and_the_longest_quiet_key_goes_first() -> None:
    throttle = Throttle(POLICY, keys=2)
    for name in ("a", "b", "c"):
        for _ in range(3):
            throttle.charge((name,), 0)
    assert len(throttle) == 2
    assert throttle.wait_seconds(("a",), 0) == 0
    assert throttle.wait_seconds(("c",), 0) > 0


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.integers(1, 10), st.floats(0.1, 60))
def test_no_more_get_through_than_limit_plus_what_leaked(gaps: list[float], limit: int, leak: float) -> None:
    throttle, now, through = Throttle(Policy(limit, leak)), 0.0, 0
    for gap in gaps:
        now += gap
        if throttle.wait_seconds(KEY, now) == 0:
            throttle.charge(KEY, now)
            through += 1
    assert through <= limit + now / leak + 1e-6
