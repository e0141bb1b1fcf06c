"""Posting a report to the collector: how it ended, how long to wait after a failure, and one warning for each cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from agent.http import CollectorClient, Unreachable
from core.clock import Clock
from core.facts import AgentReport
from core.log import get_logger
from core.remote_write_answer import Outcome, judge
from core.retry import Backoff

log = get_logger(__name__)

REPORT_PATH = "/api/v1/agents/report"


class ReportPost:
    """Posts reports of one kind.

    Attributes:
        outcomes: how many ended how.

    Args:
        what: what the collector does not take, when it does not: `events`.
        random: numbers from [0, 1) for the jitter.
    """

    def __init__(self, client: CollectorClient, clock: Clock, *, what: str, random: Callable[[], float]) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self._client = client
        self._clock = clock
        self._what = what
        self._backoff = Backoff(random)
        self._trouble: str | None = None

    async def post(self, report: AgentReport, **fields: object) -> tuple[Outcome, float]:
        """Send a report; returns how it ended and the seconds to wait before the next; a warning also says `fields`."""
        wait_seconds = 0.0
        try:
            body = msgspec.json.encode(report)
            answer = await self._client.post(REPORT_PATH, body, {"Content-Type": "application/json"})
        except Unreachable as error:
            outcome, cause, detail = Outcome.UNREACHABLE, error.reason, str(error)
        else:
            verdict = judge(answer.status, answer.headers, self._clock.now_ms())
            outcome, cause, detail = verdict.outcome, str(answer.status), answer.excerpt()
            wait_seconds = verdict.wait_seconds or 0.0
        self.outcomes[outcome] += 1
        if outcome is Outcome.ACCEPTED:
            self._backoff.reset()
            self._trouble = None
            return outcome, 0.0
        wait_seconds += self._backoff.next_seconds()
        speak = log.warning if cause != self._trouble else log.debug  # once for each new cause
        self._trouble = cause
        retry_seconds = round(wait_seconds, 1)
        speak(
            f"collector does not take {self._what}", cause=cause, detail=detail, retry_seconds=retry_seconds, **fields
        )
        return outcome, wait_seconds
