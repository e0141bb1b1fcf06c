"""Sends what the forwarder keeps, in order, one request in flight, until the long-term store has it.

Neighbouring records travel in one request: two WriteRequests one after the other are one that has the series of both.
When the store refuses such a request for good, its records are sent one by one, so that each costs only itself.
"""

from __future__ import annotations

import asyncio
import random as random_module
from collections.abc import Callable, Sequence

import cramjam

from collector.long_term.forwarder import Forwarder
from collector.long_term.http import Answer, StoreClient, Unreachable
from collector.long_term.metrics import LongTermMetrics
from core.clock import Clock
from core.log import get_logger
from core.remote_write import CONTENT_HEADERS, compress
from core.remote_write_answer import Outcome, Verdict, is_web_page, judge, samples_written
from core.retry import Backoff
from core.spool.records import Record

log = get_logger(__name__)

MOST_BYTES = 1 << 20  # of records in one request, compressed; a larger record goes by itself
MOST_RAW_BYTES = 8 << 20  # the same decompressed: receivers take 32 MiB
MOST_SAMPLES = 10_000
REFUSAL_EVERY_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 30.0
_ANSWER_BYTES = 1 << 16

# Of the client errors these speak of the way to the store or of who asks, not of the samples: a person or time will
# mend it, and the samples wait. Every other one says that sending the same again is useless.
_WAIT_FOR_A_PERSON = frozenset({401, 403, 404, 405, 407, 408, 425, 429})

REMEDIES = {
    401: "correct long_term.token, or username and password",
    403: "the store does not let these credentials write; correct long_term.token, or username and password",
    404: "long_term.write_url leads to no remote-write receiver; it ends in /api/v1/write or /api/v1/push",
    405: "long_term.write_url leads to no remote-write receiver; it ends in /api/v1/write or /api/v1/push",
}


def verdict_of(answer: Answer, now_ms: int) -> Verdict:
    """What the store's answer means for the samples."""
    verdict = judge(answer.status, answer.headers, now_ms)
    client_error = 400 <= answer.status < 500 and answer.status not in _WAIT_FOR_A_PERSON
    if verdict.outcome is Outcome.FAILED and client_error and not is_web_page(answer.headers):
        return Verdict(Outcome.REJECTED)
    return verdict


def fitting(records: Sequence[Record]) -> list[Record]:
    """As many of the first records as may travel in one request; one at least."""
    taken, samples, size = [records[0]], records[0].samples, _raw_size(records[0])
    for record in records[1:]:
        samples, size = samples + record.samples, size + _raw_size(record)
        if samples > MOST_SAMPLES or size > MOST_RAW_BYTES:
            break
        taken.append(record)
    return taken


def merged(records: Sequence[Record]) -> bytes:
    """The body of one request with the samples of all; a single record's as it came."""
    if len(records) == 1:
        return records[0].body
    return compress(b"".join([bytes(cramjam.snappy.decompress_raw(record.body)) for record in records]))


def _raw_size(record: Record) -> int:
    try:
        return int(cramjam.snappy.decompress_raw_len(record.body))
    except cramjam.DecompressionError:
        return MOST_RAW_BYTES  # whatever it is, it goes by itself


class Sender:
    """Empties the forwarder's spool.

    Args:
        random: numbers from [0, 1) for the jitter.
    """

    def __init__(
        self,
        forwarder: Forwarder,
        client: StoreClient,
        clock: Clock,
        metrics: LongTermMetrics,
        *,
        url: str,
        timeout_seconds: float,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self._forwarder = forwarder
        self._client = client
        self._clock = clock
        self._metrics = metrics
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._backoff = Backoff(random, cap_seconds=_LONGEST_WAIT_SECONDS)
        self._one_by_one = 0  # so many records are left of a request that was refused
        self._trouble: tuple[Outcome, str] | None = None
        self._refusal_again_at = 0.0  # monotonic; when the next one may be a warning

    async def run(self) -> None:
        """Send for ever; cancelling leaves what is in flight in the spool."""
        while True:
            await self._forwarder.arrival()
            try:
                await self.drain()
            except Exception:
                log.exception("forwarding to the long-term store failed, trying again")
                await self._clock.sleep(_LONGEST_WAIT_SECONDS)

    async def drain(self) -> None:
        """Send until nothing waits, pausing between attempts as long as needed."""
        while records := self._forwarder.front(MOST_BYTES):
            wait_seconds = await self._send(fitting(records[:1] if self._one_by_one else records))
            if wait_seconds is not None:
                await self._forwarder.sync()
                await self._clock.sleep(wait_seconds)

    async def _send(self, records: list[Record]) -> float | None:
        """Send some records; returns how long to wait before the next attempt, None when it is done with."""
        body = await asyncio.to_thread(merged, records) if len(records) > 1 else records[0].body
        started = self._clock.monotonic()
        try:
            answer = await self._client.post(
                self._url, body, CONTENT_HEADERS, seconds=self._timeout_seconds, most_bytes=_ANSWER_BYTES
            )
        except Unreachable as error:
            return self._failed(Verdict(Outcome.UNREACHABLE), error.reason, str(error))
        finally:
            self._metrics.seconds.observe(self._clock.monotonic() - started)
        verdict = verdict_of(answer, self._clock.now_ms())
        if verdict.outcome is Outcome.ACCEPTED:
            self._accepted(records)
            return None
        if verdict.outcome is Outcome.REJECTED:
            self._rejected(records, answer)
            return None
        return self._failed(verdict, str(answer.status), answer.excerpt(), _remedy(answer))

    def _accepted(self, records: list[Record]) -> None:
        self._metrics.requests.labels(Outcome.ACCEPTED.value).inc()
        self._metrics.samples.inc(sum(record.samples for record in records))
        self._forwarder.acknowledge(records)
        self._done_with(records)

    def _rejected(self, records: list[Record], answer: Answer) -> None:
        self._metrics.requests.labels(Outcome.REJECTED.value).inc()
        if len(records) > 1:
            self._one_by_one = len(records)
            return
        [record] = records
        stored = samples_written(answer.headers, record.samples)
        self._metrics.samples.inc(stored)
        self._forwarder.reject(record, stored=stored)
        self._done_with(records)
        speak = log.debug
        if self._clock.monotonic() >= self._refusal_again_at:
            self._refusal_again_at = self._clock.monotonic() + REFUSAL_EVERY_SECONDS
            speak = log.warning
        speak(
            "long-term store refused samples, they are not sent again",
            status=answer.status,
            samples=record.samples,
            stored=stored,
            answer=answer.excerpt(),
        )

    def _done_with(self, records: list[Record]) -> None:
        self._one_by_one = max(self._one_by_one - len(records), 0)
        self._backoff.reset()
        if self._trouble is not None:
            self._trouble = None
            log.info("long-term store takes samples again", waiting_records=self._forwarder.state()[1])

    def _failed(self, verdict: Verdict, cause: str, detail: str, remedy: str | None = None) -> float:
        self._metrics.requests.labels(verdict.outcome.value).inc()
        # What the store asks for is the least; the jitter on top keeps several collectors apart.
        wait_seconds = (verdict.wait_seconds or 0.0) + self._backoff.next_seconds()
        trouble = (verdict.outcome, cause)
        speak = log.warning if trouble != self._trouble else log.debug  # once for each new cause
        self._trouble = trouble
        fields = {"cause": cause, "detail": detail, "retry_seconds": round(wait_seconds, 1)}
        speak("long-term store does not take samples, kept", **fields, **({"remedy": remedy} if remedy else {}))
        return wait_seconds


def _remedy(answer: Answer) -> str | None:
    """What a person can do about an answer; None when time may do."""
    if 300 <= answer.status < 400:
        place = answer.headers.get("location", "nowhere")[:200]
        return f"redirects are not followed, this one leads to {place}; correct long_term.write_url"
    if answer.status < 500 and is_web_page(answer.headers):
        return "a web page answered; is long_term.write_url right, is there a proxy in between?"
    return REMEDIES.get(answer.status)
