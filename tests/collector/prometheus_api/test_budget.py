"""What a query may use, and that nothing else suffers from one that wants more."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from collector.prometheus_api.budget import Budget, Guarded, QueryLimits
from collector.prometheus_api.errors import Canceled, TimedOut, TooMuch
from collector.prometheus_api.metrics import QueryMetrics
from collector.prometheus_api.querier import THREADS, Querier
from core.clock import SystemClock
from rules.memory import MemorySource
from rules.source import Window
from tests.collector.prometheus_api.conftest import T

ANSWER = 60.0


async def test_time_is_over_when_the_clock_says_so(clock) -> None:
    budget = Budget(QueryLimits(seconds=2), clock)
    await clock.advance(2)
    budget.check()
    await clock.advance(0.1)
    with pytest.raises(TimedOut, match="after 2 s"):
        budget.check()


def test_every_read_looks_at_the_budget(clock) -> None:
    guarded, ids = Guarded(MemorySource()), np.zeros(0, np.int64)
    budget = Budget(QueryLimits(), clock)
    budget.cancel()
    guarded.serve(budget)
    for read in (lambda: guarded.select([]), lambda: guarded.instant(ids, 0, 1), lambda: guarded.window(ids, 0, 1)):
        with pytest.raises(Canceled):
            read()


class Endless:
    """Work that goes on until its budget says no."""

    def __init__(self) -> None:
        self.began, self.ended = threading.Event(), threading.Event()

    def __call__(self, worker) -> None:
        self.began.set()
        try:
            while True:
                worker.budget.check()
                self.ended.wait(0.001)
        finally:
            self.ended.set()


@pytest.fixture
async def querier():
    metrics = QueryMetrics(CollectorRegistry())
    opened = Querier(MemorySource(), SystemClock(), QueryLimits(seconds=ANSWER), metrics)
    yield opened
    await opened.close()


async def test_a_query_that_takes_too_long_is_answered_and_its_thread_is_free_again(querier) -> None:
    works = [Endless() for _ in range(THREADS)]
    for work in works:
        with pytest.raises(TimedOut):
            await querier.run(work, timeout_ms=20)
        assert await asyncio.to_thread(work.ended.wait, ANSWER)
    assert await querier.run(lambda _worker: "next") == "next"


async def test_waiting_for_a_turn_counts(querier) -> None:
    works = [Endless() for _ in range(THREADS)]
    busy = [asyncio.create_task(querier.run(work)) for work in works]
    for work in works:
        assert await asyncio.to_thread(work.began.wait, ANSWER)
    with pytest.raises(TimedOut):
        await querier.run(lambda _worker: "never begun", timeout_ms=20)
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
    assert await querier.run(lambda _worker: "next") == "next"


async def test_stopping_ends_queries_that_run_and_refuses_new_ones(querier) -> None:
    work = Endless()
    running = asyncio.create_task(querier.run(work))
    assert await asyncio.to_thread(work.began.wait, ANSWER)
    await querier.close()
    with pytest.raises(Canceled):
        await running
    with pytest.raises(Canceled):
        await querier.run(lambda _worker: None)


async def test_a_timeout_of_the_client_is_answered_as_prometheus_does(api_client, monkeypatch) -> None:
    stuck = threading.Event()
    monkeypatch.setattr(api_client.store, "instant", lambda *_: stuck.wait(ANSWER))
    status, answer = await api_client.get("query", query="x", timeout="50ms")
    stuck.set()
    assert (status, answer["status"], answer["errorType"]) == (503, "error", "timeout")
    assert "timed out after 0.05 s" in answer["error"]
    assert api_client.counted("forewatch_queries_total", outcome="timeout") == 1


class TestLittleRoom:
    """With room for 30 samples."""

    @pytest.fixture
    def limits(self) -> QueryLimits:
        return QueryLimits(samples=30)

    @pytest.mark.parametrize(
        ("path", "parameters"),
        [
            ("query", {"query": "x"}),  # nine rows
            ("query", {"query": 'sum(rate(y{instance=~".+"}[1m]))'}),
            ("query", {"query": "y[1m]"}),
            ("query_range", {"query": 'x{instance="a"}', "start": str(T), "end": str(T + 30), "step": "1"}),
            # Six values, but as text they take the room of 24, and the labels that of 10.
            ("query_range", {"query": 'x{instance="a"}', "start": str(T), "end": str(T + 5), "step": "1"}),
            ("series", {"match[]": "x"}),
            ("label/instance/values", {}),
        ],
    )
    async def test_what_needs_more_memory_is_refused(self, api_client, path, parameters) -> None:
        for second in range(20):
            api_client.put("y", T + second / 10, second, instance="a")
            api_client.put("y", T + second / 10, second, instance="b")
        status, answer = await api_client.get(path, parameters | {"time": str(T + 10)})
        assert (status, answer["errorType"]) == (422, "execution")
        assert "too many samples" in answer["error"]

    async def test_a_limit_on_the_answer_helps(self, api_client) -> None:
        status, answer = await api_client.get("series", {"match[]": "x", "limit": "3"})
        assert (status, len(answer["data"])) == (200, 3)


def test_a_window_is_refused_before_all_of_it_is_read(clock) -> None:
    reads = []

    class Wide:
        def window(self, ids, *_):
            reads.append(len(ids))
            return Window(np.zeros((len(ids), 100), np.int64), np.zeros((len(ids), 100)), np.full(len(ids), 100))

    guarded = Guarded(Wide())
    guarded.serve(Budget(QueryLimits(samples=1_000_000), clock))
    with pytest.raises(TooMuch, match="20,000,000"):
        guarded.window(np.arange(200_000), 0, 1)
    assert sum(reads) < 200_000
