from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from agent.backoff import Backoff


def test_bounds_double_up_to_the_cap_and_begin_anew_after_a_success() -> None:
    backoff = Backoff(lambda: 1.0)
    assert [backoff.next_seconds() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.reset()
    assert backoff.next_seconds() == 1


@given(st.integers(0, 2**32), st.integers(0, 12))
def test_a_delay_is_anywhere_below_its_bound(seed: int, failures: int) -> None:
    backoff = Backoff(Random(seed).random)
    for _ in range(failures):
        backoff.next_seconds()
    assert 0 <= backoff.next_seconds() < min(2**failures, 60)


def test_a_fleet_that_failed_together_comes_back_spread_evenly() -> None:
    fleet = [Backoff(Random(seed).random) for seed in range(2000)]
    for _ in range(6):
        delays = [agent.next_seconds() for agent in fleet]
    tenths = [sum(32 * tenth / 10 <= delay < 32 * (tenth + 1) / 10 for delay in delays) for tenth in range(10)]
    assert min(tenths) > 150
    assert max(tenths) < 250
