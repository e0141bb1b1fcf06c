"""Runs queries beside everything else: in threads of their own, each within its budget."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from aiohttp import web
from prometheus_client import CollectorRegistry

from collector.long_term.queries import Asked
from collector.prometheus_api.budget import Budget, Guarded, QueryLimits, Series
from collector.prometheus_api.errors import ApiError, Canceled
from collector.prometheus_api.metrics import QueryMetrics
from collector.series.store import SeriesStore
from core.clock import Clock
from core.errors import InvalidInput
from rules.errors import EvaluationError, PromqlError
from rules.promql.evaluate import Evaluator

T = TypeVar("T")

THREADS = 2  # one slow query does not hold up the others; more would only fight for the interpreter
_KEPT_ROWS = 2_000_000  # of selections between queries, a thread


class Worker:
    """What one thread works with, one query at a time.

    Attributes:
        budget: of the query at hand.
        source: the series, read within that budget.
        evaluator: evaluates over them.
    """

    def __init__(self, source: Series) -> None:
        self.source = Guarded(source)
        self.evaluator = Evaluator(self.source, kept_rows=_KEPT_ROWS)

    def serve(self, budget: Budget, lookback_ms: int | None) -> None:
        self.budget = budget
        budget.begin()
        self.source.serve(budget, lookback_ms)


class Querier:
    """Evaluates queries of people and dashboards. Ingest and evaluation go on meanwhile."""

    def __init__(self, source: Series, clock: Clock, limits: QueryLimits, metrics: QueryMetrics) -> None:
        self._clock = clock
        self._limits = limits
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="query")
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for _ in range(THREADS):
            self._idle.put(Worker(source))
        self._unfinished: set[Budget] = set()
        self._closed = False

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def asked(self, timeout_ms: int | None, lookback_ms: int | None) -> Asked:
        """A query that begins now and may take as long as its client and the limits allow."""
        most_ms = round(self._limits.seconds * 1000)
        return Asked(
            most_ms if timeout_ms is None else min(timeout_ms, most_ms), lookback_ms, began=self._clock.monotonic()
        )

    def left_ms(self, asked: Asked) -> int:
        """How much of its time a query has left; a millisecond at least, so that its end is told the usual way."""
        return max(asked.timeout_ms - round((self._clock.monotonic() - asked.began) * 1000), 1)

    async def run(
        self, work: Callable[[Worker], T], *, timeout_ms: int | None = None, lookback_ms: int | None = None
    ) -> T:
        """The result of `work`, which is done in a thread.

        Args:
            work: what to do; reads nothing but the worker's source.
            timeout_ms: less time than usual; more is not given.
            lookback_ms: how long a sample counts, when not the usual five minutes.

        Raises:
            TimedOut: the time was over first; the thread gives up at its next look at the budget.
            Canceled: the collector is stopping.
            ApiError, PromqlError, EvaluationError, InvalidInput: as `work` raises them.
        """
        if self._closed:
            raise Canceled("the collector is stopping")
        seconds = self._limits.seconds
        if timeout_ms is not None:
            seconds = min(seconds, timeout_ms / 1000)
        budget = Budget(replace(self._limits, seconds=seconds), self._clock)
        self._unfinished.add(budget)
        try:
            with self._metrics.seconds.time():
                result = await self._await(budget, work, lookback_ms)
        except (ApiError, PromqlError, EvaluationError, InvalidInput) as error:
            self._metrics.queries.labels(outcome(error)).inc()
            raise
        finally:
            budget.cancel()
            self._unfinished.discard(budget)
            self._metrics.waiting.set(len(self._unfinished))
        self._metrics.queries.labels("ok").inc()
        return result

    async def close(self) -> None:
        """Give up every query and wait for the threads, so that nobody reads from a store that is closed."""
        self._closed = True
        for budget in self._unfinished:
            budget.cancel()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _await(self, budget: Budget, work: Callable[[Worker], T], lookback_ms: int | None) -> T:
        self._metrics.waiting.set(len(self._unfinished))
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(budget.limits.seconds) as deadline:
                return await loop.run_in_executor(self._threads, self._work, budget, work, lookback_ms)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise budget.timed_out() from error
        except asyncio.CancelledError:
            if self._closed:  # the future was given up in the queue; nobody canceled us
                raise Canceled("the collector is stopping") from None
            raise

    def _work(self, budget: Budget, work: Callable[[Worker], T], lookback_ms: int | None) -> T:
        budget.check()
        worker = self._idle.get_nowait()  # as many as there are threads
        try:
            worker.serve(budget, lookback_ms)
            return work(worker)
        finally:
            self._idle.put(worker)


def outcome(error: Exception) -> str:
    """A bounded word for the metric."""
    if isinstance(error, ApiError):
        return error.kind
    return "execution" if isinstance(error, EvaluationError) else "bad_data"


QUERIER: web.AppKey[Querier] = web.AppKey("querier", Querier)


def opener(
    store_key: web.AppKey[SeriesStore], clock: Clock, registry: CollectorRegistry, limits: QueryLimits | None = None
) -> Callable[[web.Application], AsyncIterator[None]]:
    """A cleanup context that holds the querier while the application runs."""
    metrics = QueryMetrics(registry)

    async def run(app: web.Application) -> AsyncIterator[None]:
        app[QUERIER] = Querier(app[store_key], clock, limits or QueryLimits(), metrics)
        yield
        await app[QUERIER].close()

    return run
