"""Sends what is in the spool, in order, one request in flight, until the collector has it.

An answer is judged by `core.remote_write_answer.judge`. A record leaves the spool when the collector accepted it, or
when it said not to send it again (400, 413, 422), having taken all of it that is right; everything else is tried
again. Requests are kept small (`push.max_samples`), so 413 means that the collector allows less than the agent is
configured for; the log says so.
"""

from __future__ import annotations

import asyncio
import random as random_module
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.http import Answer, CollectorClient, Unreachable
from core.clock import Clock
from core.log import get_logger
from core.remote_write import CONTENT_HEADERS
from core.remote_write_answer import Outcome, Verdict, is_web_page, judge, samples_written
from core.retry import Backoff
from core.spool.losses import Drop
from core.spool.records import Record
from core.spool.spool import Spool

log = get_logger(__name__)

WRITE_PATH = "/prometheus/api/v1/write"
CONFIG_HEADER = "forewatch-config"
REFUSAL_EVERY_SECONDS = 60.0  # a device with one bad label has every request refused, day and night


REMEDIES = {
    400: "the answer says what is wrong; samples that it does not speak of were stored",
    413: "lower push.max_samples, or raise the collector's limit on a request's size",
    422: "the answer says what is wrong; samples that it does not speak of were stored",
    401: "enrol this agent: forewatch agent enrol --collector URL --token TOKEN --config FILE",
    403: "the token is not this agent's: forewatch agent enrol --collector URL --token TOKEN --config FILE",
    404: "collector.url leads to no Forewatch collector and no Prometheus-compatible store; correct it",
    405: "collector.url leads to no Forewatch collector and no Prometheus-compatible store; correct it",
}


def remedy(status: int, headers: Mapping[str, str]) -> str | None:
    """What a person can do about an answer; None when time may do."""
    if 300 <= status < 400:
        location = headers.get("location", "nowhere")[:200]
        return f"redirects are not followed, this one leads to {location}; correct collector.url"
    if status < 500 and is_web_page(headers) and status not in REMEDIES.keys() - {400}:
        return "a web page answered instead of a collector; is collector.url right, is there a proxy in between?"
    return REMEDIES.get(status)


@dataclass(slots=True)
class PushCounts:
    """What happened since the start."""

    requests: Counter[Outcome] = field(default_factory=Counter)
    samples: int = 0  # acknowledged
    seconds: float = 0.0  # spent in requests


class Pusher:
    """Empties the spool.

    Args:
        agent: the agent's name, for the header.
        random: numbers from [0, 1) for the jitter.
    """

    def __init__(
        self,
        spool: Spool,
        client: CollectorClient,
        clock: Clock,
        *,
        agent: str,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.counts = PushCounts()
        self.news: Callable[[], None] = lambda: None  # called when the collector has another configuration for us
        self._spool = spool
        self._client = client
        self._clock = clock
        self._agent = agent
        self._backoff = Backoff(random)
        self._trouble: tuple[Outcome, str] | None = None
        self._refusal_again_at = 0.0  # monotonic; when the next one may be a warning
        self._finishing = asyncio.Event()
        self._arrival = asyncio.Event()
        self._arrival.set()  # the spool may hold something from before

    def notify(self) -> None:
        """Something was added to the spool."""
        self._arrival.set()

    def finish(self) -> None:
        """Make `run` return as soon as the spool is empty or the collector does not take something."""
        self._finishing.set()
        self._arrival.set()

    async def run(self) -> None:
        """Push until `finish`; cancelling leaves the record in flight in the spool."""
        while not self._finishing.is_set():
            await self._arrival.wait()
            self._arrival.clear()
            await self.drain()

    async def drain(self) -> None:
        """Push until the spool is empty, waiting between attempts as long as needed."""
        while (record := self._spool.peek(self._clock.now_ms())) is not None:
            wait_seconds = await self._push(record)
            if wait_seconds is None:
                continue
            if self._finishing.is_set():
                return
            await self._spool.sync()
            await self._pause(wait_seconds)

    async def _pause(self, seconds: float) -> None:
        waits = [asyncio.ensure_future(self._clock.sleep(seconds)), asyncio.ensure_future(self._finishing.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _push(self, record: Record) -> float | None:
        """Send one record; returns how long to wait before the next attempt, None when it is done with."""
        start = self._clock.monotonic()
        try:
            answer = await self._client.post(WRITE_PATH, record.body, self._headers(record))
        except Unreachable as error:
            return self._failed(Verdict(Outcome.UNREACHABLE), error.reason, str(error))
        finally:
            self.counts.seconds += self._clock.monotonic() - start
        verdict = judge(answer.status, answer.headers, self._clock.now_ms())
        if verdict.outcome is Outcome.ACCEPTED:
            if CONFIG_HEADER in answer.headers:
                self.news()
            self._accepted(record)
            return None
        if verdict.outcome is Outcome.REJECTED:
            self._rejected(record, answer)
            return None
        return self._failed(verdict, str(answer.status), answer.excerpt(), remedy(answer.status, answer.headers))

    def _headers(self, record: Record) -> dict[str, str]:
        return CONTENT_HEADERS | {
            "Forewatch-Agent": self._agent,
            "Forewatch-Boot": record.boot,
            "Forewatch-Sequence": str(record.sequence),
            "Forewatch-Sent-At": str(self._clock.now_ms()),
        }

    def _accepted(self, record: Record) -> None:
        self.counts.requests[Outcome.ACCEPTED] += 1
        self.counts.samples += record.samples
        self._spool.acknowledge(record)
        self._recovered()

    def _rejected(self, record: Record, answer: Answer) -> None:
        self.counts.requests[Outcome.REJECTED] += 1
        written = samples_written(answer.headers, record.samples)
        self.counts.samples += written
        self._spool.acknowledge(record)
        self._spool.counts.drop(Drop.REJECTED, 1, record.samples - written)
        self._recovered()
        speak = log.debug
        if self._clock.monotonic() >= self._refusal_again_at:
            self._refusal_again_at = self._clock.monotonic() + REFUSAL_EVERY_SECONDS
            speak = log.warning
        speak(
            "collector refused samples, they are not sent again",
            status=answer.status,
            samples=record.samples,
            boot=record.boot,
            sequence=record.sequence,
            answer=answer.excerpt(),
            remedy=remedy(answer.status, answer.headers),
        )

    def _recovered(self) -> None:
        self._backoff.reset()
        if self._trouble is not None:
            self._trouble = None
            log.info("collector takes samples again", waiting_records=self._spool.records)

    def _failed(self, verdict: Verdict, cause: str, detail: str, remedy: str | None = None) -> float:
        self.counts.requests[verdict.outcome] += 1
        # What the collector asks for is the least; the jitter on top keeps a fleet apart.
        wait_seconds = (verdict.wait_seconds or 0.0) + self._backoff.next_seconds()
        trouble = (verdict.outcome, cause)
        speak = log.warning if trouble != self._trouble else log.debug  # once for each new cause
        self._trouble = trouble
        fields = {"cause": cause, "detail": detail, "retry_seconds": round(wait_seconds, 1)}
        speak("collector does not take samples, kept", **fields, **({"remedy": remedy} if remedy else {}))
        return wait_seconds
