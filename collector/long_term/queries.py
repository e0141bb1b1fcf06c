"""Asks the long-term store for what the rings no longer have.

A range query is divided in time: the steps that need samples older than the rings' are the store's, the others the
rings'. An instant query that needs an old sample, and a range query whose steps cannot be told apart (`@ start()`), go
to the store whole. When it does not answer, the rings do, and the answer says what is missing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from collector.long_term.config import LongTermConfig
from collector.long_term.division import Division, OldInstant, Span, divide, old_instant
from collector.long_term.http import StoreClient, Unreachable
from collector.long_term.metrics import LongTermMetrics, QueryOutcome
from collector.series.store import SeriesStore
from core.clock import Clock, to_rfc3339
from core.log import get_logger
from rules.errors import PromqlError
from rules.source import LOOKBACK_MS

log = get_logger(__name__)

_PAUSE_SECONDS = 10.0  # after a failure, in which queries do not wait for the store
_LOOK_EVERY_SECONDS = 600.0  # how far the rings reach back only grows less
_AT_ONCE = 8  # answers that are held; each may be as large as `answer_size`
_API = "/api/v1/"


@dataclass(frozen=True, slots=True)
class Older:
    """What the long-term store gave for a query, or why it gave nothing.

    Attributes:
        part: of the query that is the store's; an instant query is as a whole.
        body: the answer, unread; None when there is none.
        reach_ms: since when the rings have every sample.
        why: there is no answer.
    """

    part: Division | OldInstant
    body: bytes | None
    reach_ms: int
    why: str

    def missing(self, why: str = "") -> str:
        """A warning for people: what is missing in an answer without the store's part, and why."""
        since = to_rfc3339(self.reach_ms)
        return f"the long-term store gave no samples from before {since}, they are missing here: {why or self.why}"


@dataclass(frozen=True, slots=True)
class OlderNames:
    """What the long-term store gave for names, or why it gave nothing; as `Older`."""

    body: bytes | None
    reach_ms: int
    why: str

    def missing(self, why: str = "") -> str:
        """A warning for people: what may be missing in an answer without the store's part, and why."""
        since = to_rfc3339(self.reach_ms)
        return f"the long-term store did not say what there was before {since}: {why or self.why}"


@dataclass(frozen=True, slots=True)
class Asked:
    """How a query is to be done.

    Attributes:
        timeout_ms: how long it may take in all.
        lookback_ms: how long a sample counts; None for the usual five minutes.
        began: when, on the monotonic clock.
    """

    timeout_ms: int
    lookback_ms: int | None = None
    began: float = 0.0


class LongTermQueries:
    """The store as the query API sees it."""

    def __init__(
        self, config: LongTermConfig, client: StoreClient, store: SeriesStore, clock: Clock, metrics: LongTermMetrics
    ) -> None:
        assert config.query_url is not None, "without one nobody asks"
        self._url = config.query_url.rstrip("/") + _API
        self._config = config
        self._client = client
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._paused_until = 0.0
        self._failing = False
        self._oldest_ms: int | None = None
        self._looked_at: float | None = None

    async def reach_ms(self) -> int:
        """Since when the rings have every sample."""
        now = self._clock.monotonic()
        if self._oldest_ms is None or self._looked_at is None or now - self._looked_at > _LOOK_EVERY_SECONDS:
            self._looked_at = now  # the others go on with what is known
            self._oldest_ms = await asyncio.to_thread(self._store.oldest_ms)
        reach_ms = self._clock.now_ms() - round(self._config.query_after * 1000)
        return self._clock.now_ms() if self._oldest_ms is None else max(self._oldest_ms, reach_ms)

    @contextlib.asynccontextmanager
    async def instant(self, text: str, at_ms: int, asked: Asked) -> AsyncIterator[Older | None]:
        """What the store says of an instant query; None when the rings have all that it needs.

        An answer is held as long as the block lasts, and only a few are at once.
        """
        reach_ms = await self.reach_ms()
        try:
            found = await asyncio.to_thread(old_instant, text, at_ms, reach_ms)
        except PromqlError:
            found = None  # the evaluator says what is wrong
        if found is None:
            yield None
            return
        async with self._answer("query", {"query": text, "time": seconds(at_ms)}, asked) as (body, why):
            yield Older(found, body, reach_ms, why)

    @contextlib.asynccontextmanager
    async def over_range(self, text: str, span: Span, asked: Asked) -> AsyncIterator[Older | None]:
        """What the store says of the older steps of a range query; as `instant`."""
        reach_ms = await self.reach_ms()
        try:
            found = await asyncio.to_thread(divide, text, span, asked.lookback_ms, reach_ms)
        except PromqlError:
            found = None
        if found is None:
            yield None
            return
        start_ms, end_ms, step_ms = found.older
        times = {"start": seconds(start_ms), "end": seconds(end_ms), "step": seconds(step_ms)}
        async with self._answer("query_range", {"query": text, **times}, asked) as (body, why):
            yield Older(found, body, reach_ms, why)

    @contextlib.asynccontextmanager
    async def names(
        self, what: str, selectors: Sequence[str], start_ms: int, end_ms: int, asked: Asked
    ) -> AsyncIterator[OlderNames | None]:
        """What the store says of `series`, `labels` or `label/NAME/values`; None when the rings reach as far back.

        An answer is held as long as the block lasts, as with `instant`.
        """
        reach_ms = await self.reach_ms()
        if start_ms >= reach_ms:
            yield None
            return
        # Far ends are brought to what every store can read.
        bounds = {"start": seconds(max(start_ms, 0)), "end": seconds(min(max(end_ms, 0), self._clock.now_ms()))}
        pairs = [*bounds.items(), *(("match[]", text) for text in selectors)]
        async with self._answer(what, pairs, asked) as (body, why):
            yield OlderNames(body, reach_ms, why)

    @contextlib.asynccontextmanager
    async def _answer(
        self, what: str, form: Mapping[str, str] | Sequence[tuple[str, str]], asked: Asked
    ) -> AsyncIterator[tuple[bytes | None, str]]:
        """The body of the store's answer; or None, and why there is none."""
        limit = min(float(self._config.timeout), asked.timeout_ms / 1000)
        try:
            async with asyncio.timeout(limit):
                await self._turns.acquire()
        except TimeoutError:
            self._metrics.queries.labels(QueryOutcome.PAUSED.value).inc()
            yield None, "too many queries wait for it"
            return
        try:
            yield await self._ask(what, form, asked, limit)
        finally:
            self._turns.release()

    async def _ask(
        self, what: str, form: Mapping[str, str] | Sequence[tuple[str, str]], asked: Asked, limit: float
    ) -> tuple[bytes | None, str]:
        """The body of the store's answer; or None, and why there is none."""
        if self._clock.monotonic() < self._paused_until:
            self._metrics.queries.labels(QueryOutcome.PAUSED.value).inc()
            return None, "it did not answer a moment ago"
        started = self._clock.monotonic()
        try:
            most_bytes = self._config.answer_size
            if isinstance(form, Mapping):
                fields = {**form, **_options(asked, limit)}
                answer = await self._client.post(self._url + what, fields, {}, seconds=limit, most_bytes=most_bytes)
            else:
                answer = await self._client.get(self._url + what, form, seconds=limit, most_bytes=most_bytes)
        except Unreachable as error:
            if error.reason != "too_large":  # that is this query's fault
                self._paused_until = self._clock.monotonic() + _PAUSE_SECONDS
            return None, self._failed(error.reason, str(error))
        finally:
            self._metrics.query_seconds.observe(self._clock.monotonic() - started)
        if answer.status != 200:
            return None, self._failed(str(answer.status), f"it answered {answer.status}: {answer.excerpt()}")
        self._metrics.queries.labels(QueryOutcome.OK.value).inc()
        if self._failing:
            self._failing = False
            log.info("long-term store answers queries again")
        return answer.body, ""

    def _failed(self, cause: str, detail: str) -> str:
        self._metrics.queries.labels(QueryOutcome.FAILED.value).inc()
        speak = log.debug if self._failing else log.warning  # once until it answers again
        self._failing = True
        speak("long-term store does not answer a query", cause=cause, detail=detail)
        return detail


def _options(asked: Asked, limit_seconds: float) -> dict[str, str]:
    """How the store shall evaluate: as Prometheus does, as far as it can be told to.

    `nocache` keeps VictoriaMetrics from moving start and end to multiples of the step, `max_lookback` from guessing
    how long a sample counts; the others do not know them.
    """
    lookback = seconds(asked.lookback_ms or LOOKBACK_MS)
    return {
        "timeout": f"{limit_seconds:g}s",
        "nocache": "1",
        "max_lookback": f"{lookback}s",
        "lookback_delta": lookback,
    }


def seconds(milliseconds: int) -> str:
    """Milliseconds as the seconds of a parameter."""
    return f"{milliseconds / 1000:.3f}"


LONG_TERM: web.AppKey[LongTermQueries] = web.AppKey("long_term", LongTermQueries)
