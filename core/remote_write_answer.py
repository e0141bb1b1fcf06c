"""What a receiver's answer to a remote-write request means; decided without IO."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from core.retry import retry_after_seconds

# From remote write 2.0: how many of the request's samples were stored; senders of 1.0 may look too.
WRITTEN_HEADER = "x-prometheus-remote-write-samples-written"


class Outcome(enum.StrEnum):
    """How a request ended; values of the label `outcome`."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"  # 400, 413, 422: not to be sent again
    UNAUTHORIZED = "unauthorized"  # 401, 403: a person must do something
    THROTTLED = "throttled"  # 429, 503
    FAILED = "failed"  # any other answer
    UNREACHABLE = "unreachable"  # no answer


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means; `wait_seconds` is what the receiver asked for, None when it did not."""

    outcome: Outcome
    wait_seconds: float | None = None


def judge(status: int, headers: Mapping[str, str], now_ms: int) -> Verdict:
    """What an HTTP answer means for the request; names of `headers` are in lower case."""
    if (200 <= status < 300 or status == 400) and is_web_page(headers):
        return Verdict(Outcome.FAILED)  # of a proxy, portal or login in between: the receiver has not seen it
    if 200 <= status < 300:
        return Verdict(Outcome.ACCEPTED)
    if status in (400, 413, 422):
        return Verdict(Outcome.REJECTED)
    if status in (401, 403):
        return Verdict(Outcome.UNAUTHORIZED)
    outcome = Outcome.THROTTLED if status in (429, 503) else Outcome.FAILED
    return Verdict(outcome, retry_after_seconds(headers.get("retry-after"), now_ms))


def is_web_page(headers: Mapping[str, str]) -> bool:
    """Whether the answer is HTML, which no store of samples gives; names of `headers` are in lower case."""
    return headers.get("content-type", "").lstrip().lower().startswith(("text/html", "application/xhtml"))


def samples_written(headers: Mapping[str, str], sent: int) -> int:
    """How many samples of a refused request were stored all the same; 0 when the receiver does not say."""
    text = headers.get(WRITTEN_HEADER, "")
    return min(int(text), sent) if text.isascii() and text.isdigit() and len(text) < 10 else 0
