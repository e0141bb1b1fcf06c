from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.outbox import (
    GIVE_UP_AFTER,
    LONGEST_DELAY_SECONDS,
    LONGEST_RETRY_AFTER_SECONDS,
    Dead,
    Delivered,
    Failed,
    Kind,
    Retry,
    Sent,
    delay_seconds,
    idempotency_key,
    settle,
)
from tests.desk.cast import NOON, after

EXPIRES = NOON + GIVE_UP_AFTER


@pytest.mark.parametrize(("attempts", "ceiling"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (500, 300)], ids=str)
def test_waits_double_up_to_five_minutes_with_full_jitter(attempts: int, ceiling: float) -> None:
    assert delay_seconds(attempts, 0.0) == 0
    assert delay_seconds(attempts, 0.5) == ceiling / 2
    assert delay_seconds(attempts, 0.999999) <= ceiling


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True), st.one_of(st.none(), st.floats(-1e9, 1e12)))
def test_a_wait_is_bounded_whatever_the_receiver_asks(attempts: int, fraction: float, asked: float | None) -> None:
    delay = delay_seconds(attempts, fraction, asked)
    assert 0 <= delay <= LONGEST_DELAY_SECONDS + LONGEST_RETRY_AFTER_SECONDS
    assert asked is None or delay >= min(asked, LONGEST_RETRY_AFTER_SECONDS)


def test_what_is_delivered_is_sent() -> None:
    assert settle(Delivered(), attempts=9, expires_at=NOON, now=NOON, fraction=0.5) == Sent()


def test_a_permanent_error_is_a_dead_letter_at_once() -> None:
    assert settle(Failed("404", permanent=True), attempts=1, expires_at=EXPIRES, now=NOON, fraction=0) == Dead("404")


def test_a_passing_error_is_tried_again() -> None:
    verdict = settle(Failed("503"), attempts=2, expires_at=EXPIRES, now=NOON, fraction=0.5)
    assert verdict == Retry(after(seconds=1), "503")


def test_retry_after_comes_before_the_jitter() -> None:
    verdict = settle(Failed("429", retry_after_seconds=30), attempts=1, expires_at=EXPIRES, now=NOON, fraction=0.5)
    assert verdict == Retry(after(seconds=30.5), "429")


def test_after_a_day_it_is_a_dead_letter_that_says_how_often_it_was_tried() -> None:
    verdict = settle(Failed("refused"), attempts=300, expires_at=EXPIRES, now=EXPIRES, fraction=0)
    assert verdict == Dead("given up after 300 attempts; the last: refused")


def test_patience_of_a_day_means_hundreds_of_attempts() -> None:
    now, attempts = NOON, 0
    verdict: Sent | Retry | Dead = Retry(now, "")
    while isinstance(verdict, Retry):
        now, attempts = verdict.at, attempts + 1
        verdict = settle(Failed("down"), attempts=attempts, expires_at=EXPIRES, now=now, fraction=0.5)
    assert isinstance(verdict, Dead)
    assert 500 < attempts < 700
    assert EXPIRES - now < dt.timedelta(minutes=5)


def test_a_key_tells_apart_all_that_is_different() -> None:
    stated = ("INC-000001", NOON, Kind.OPENED, "0", "ops")
    others = [
        ("INC-000002", NOON, Kind.OPENED, "0", "ops"),
        ("INC-000001", after(milliseconds=1), Kind.OPENED, "0", "ops"),
        ("INC-000001", NOON, Kind.RESTORED, "0", "ops"),
        ("INC-000001", NOON, Kind.OPENED, "1", "ops"),
        ("INC-000001", NOON, Kind.OPENED, "0", "mail"),
    ]
    assert len({idempotency_key(*one) for one in [stated, stated, *others]}) == 6
    assert idempotency_key(*stated).isascii()
