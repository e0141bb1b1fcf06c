from __future__ import annotations

import asyncio
import threading

import pytest

from collector.worker import Worker


async def test_work_is_done_one_after_the_other_in_one_thread() -> None:
    worker = Worker("test")
    threads: list[str] = []
    await asyncio.gather(*[worker.do(lambda: threads.append(threading.current_thread().name)) for _ in range(3)])
    assert len(threads) == 3
    assert len(set(threads)) == 1
    assert await worker.stop(5)


async def test_what_work_raises_is_raised_where_it_is_waited_for() -> None:
    worker = Worker("test")
    with pytest.raises(ZeroDivisionError):
        await worker.do(lambda: 1 // 0)
    assert await worker.stop(5)


async def test_stopping_waits_for_work_whose_waiter_was_cancelled() -> None:
    worker, began, done = Worker("test"), threading.Event(), []

    def work() -> None:
        began.set()
        while not worker.stopping:
            threading.Event().wait(0.001)
        done.append(True)

    waiter = asyncio.create_task(worker.do(work))
    await asyncio.to_thread(began.wait, 5)
    waiter.cancel()
    assert await worker.stop(5)
    assert done == [True]


async def test_work_that_does_not_end_is_not_waited_for_for_ever(caplog) -> None:
    worker, let_go = Worker("test"), threading.Event()
    waiter = asyncio.create_task(worker.do(let_go.wait))
    await asyncio.sleep(0)
    assert not await worker.stop(0.01)
    assert "goes on while the collector stops" in caplog.text
    let_go.set()
    await waiter
