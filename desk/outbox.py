"""What becomes of a notification after an attempt: sent, tried again later, or a dead letter."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 300.0
LONGEST_RETRY_AFTER_SECONDS = 3600.0  # a receiver may ask for patience, not for silence
LONGEST_WAIT = dt.timedelta(seconds=LONGEST_RETRY_AFTER_SECONDS + LONGEST_DELAY_SECONDS)
GIVE_UP_AFTER = dt.timedelta(hours=24)


class Kind(enum.StrEnum):
    """What a notification tells."""

    OPENED = "opened"
    REOPENED = "reopened"
    RESTORED = "restored"
    RESOLVED = "resolved"
    ESCALATED = "escalated"


# Kinds after which a receiver may put the matter away.
ENDINGS = frozenset({Kind.RESTORED, Kind.RESOLVED})


class DeliveryState(enum.StrEnum):
    """Pending covers waiting, being sent and waiting for the next attempt."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has taken it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The receiver has not taken it.

    Attributes:
        error: what happened, one line, for people.
        permanent: trying again will not help.
        retry_after_seconds: how long the receiver asked to wait; None when it did not say.
    """

    error: str
    permanent: bool = False
    retry_after_seconds: float | None = None


Outcome = Delivered | Failed


@dataclass(frozen=True, slots=True)
class Sent:
    """It is done."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again at `at`."""

    at: dt.datetime
    error: str


@dataclass(frozen=True, slots=True)
class Dead:
    """Nobody will try again unless a person says so."""

    error: str


def settle(
    outcome: Outcome, *, attempts: int, expires_at: dt.datetime, now: dt.datetime, fraction: float
) -> Sent | Retry | Dead:
    """What follows from the outcome of attempt number `attempts` (1 is the first).

    `expires_at` is when patience ends: an attempt that would only come later is not waited for. `fraction` is
    evenly random in [0, 1), so that a fleet of retries never marches in step (full jitter).
    """
    if isinstance(outcome, Delivered):
        return Sent()
    if outcome.permanent:
        return Dead(outcome.error)
    at = now + dt.timedelta(seconds=delay_seconds(attempts, fraction, outcome.retry_after_seconds))
    if at >= expires_at:
        return Dead(f"given up after {attempts} attempts; the last: {outcome.error}")
    return Retry(at, outcome.error)


def delay_seconds(attempts: int, fraction: float, retry_after_seconds: float | None = None) -> float:
    """Exponential back-off with full jitter, after the wait that the receiver asked for."""
    ceiling = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(attempts - 1, 30))
    asked = min(max(retry_after_seconds or 0.0, 0.0), LONGEST_RETRY_AFTER_SECONDS)
    return asked + fraction * ceiling


def idempotency_key(number: str, opened_at: dt.datetime, kind: Kind, step: str, channel: str) -> str:
    """The name of one notification, the same however often it is made or sent.

    `step` tells apart notifications of one kind: the count of reopenings, an escalation's level. The time
    of opening is part of it, so that a rebuilt database never repeats a key of the one before.
    """
    return f"{number}:{round(opened_at.timestamp() * 1000):x}:{kind}:{step}:{channel}"
