from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.retry import LONGEST_RETRY_AFTER_SECONDS, Backoff, retry_after_seconds

NOW = 1_760_000_000_000  # Thu, 09 Oct 2025 08:53:20 GMT


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


@pytest.mark.parametrize(
    ("text", "seconds", "reason"),
    [
        (None, None, "absent"),
        ("0", 0.0, "at once"),
        ("120", 120.0, "seconds"),
        ("86400", LONGEST_RETRY_AFTER_SECONDS, "capped"),
        ("9" * 5000, LONGEST_RETRY_AFTER_SECONDS, "hostile length"),
        ("Thu, 09 Oct 2025 08:53:50 GMT", 30.0, "a date"),
        ("Thu, 09 Oct 2025 08:00:00 GMT", 0.0, "a date gone by"),
        ("Thu, 09 Oct 2099 08:00:00 GMT", LONGEST_RETRY_AFTER_SECONDS, "a date far away"),
        ("-5", None, "no number"),
        ("soon", None, "no date"),
        ("Thu, 99 Oct 2025 08:53:50 GMT", None, "no day"),
        ("٣", None, "digits of another script"),
        ("1e9", None, "no digits only"),
        ("Thu, 09 Oct 2025 08:53:50 +99999999999999", None, "no zone"),
        ("Mon, 01 Jan 0001 00:00:00 +2300", 0.0, "before the calendar begins"),
    ],
)
def test_retry_after_is_read_in_both_forms(text: str | None, seconds: float | None, reason: str) -> None:
    assert retry_after_seconds(text, NOW) == seconds, reason


def test_who_can_wait_longer_says_so() -> None:
    assert retry_after_seconds("1800", NOW, longest_seconds=3600.0) == 1800.0


@given(st.text(max_size=40))
def test_no_retry_after_breaks_the_parser(text: str) -> None:
    seconds = retry_after_seconds(text, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER_SECONDS
