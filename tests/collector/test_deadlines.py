"""One timer for many time limits, each as `asyncio.timeout` would have it."""

from __future__ import annotations

import asyncio

import pytest

from collector.deadlines import Deadlines

LONG = 60.0


async def within(deadlines: Deadlines, seconds: float) -> str:
    with deadlines.begin():
        await asyncio.sleep(seconds)
    return "done"


async def test_what_takes_too_long_is_given_up_and_what_does_not_goes_on() -> None:
    deadlines = Deadlines(0.05)
    quick, slow, later = (asyncio.create_task(within(deadlines, seconds)) for seconds in (0, LONG, LONG))
    assert await quick == "done"
    for task in (slow, later):
        with pytest.raises(TimeoutError):
            await task
        assert task.cancelling() == 0, "the cancellation was ours, nobody else waits for it"
    assert await within(deadlines, 0) == "done", "and the next ones are watched over as well"
    with pytest.raises(TimeoutError):
        await within(deadlines, LONG)


async def test_each_has_its_own_time_though_the_timer_is_one() -> None:
    deadlines, loop = Deadlines(0.05), asyncio.get_running_loop()
    asyncio.create_task(within(deadlines, 0)).add_done_callback(lambda task: task.result())
    await asyncio.sleep(0.03)
    began = loop.time()
    with pytest.raises(TimeoutError):
        await within(deadlines, LONG)
    assert loop.time() - began >= 0.05


async def test_a_cancellation_by_somebody_else_stays_one() -> None:
    deadlines = Deadlines(LONG)
    task = asyncio.create_task(within(deadlines, LONG))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_somebody_elses_cancellation_is_not_lost_when_the_time_is_over_too() -> None:
    deadlines = Deadlines(0.0)
    task = asyncio.create_task(within(deadlines, LONG))
    await asyncio.sleep(0)
    deadline = next(iter(deadlines._open))
    deadline.expire()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_work_is_not_taken_for_a_time_limit() -> None:
    with pytest.raises(ValueError, match="of its own"), Deadlines(LONG).begin() as deadline:
        raise ValueError("of its own")
    assert not deadline.expired


async def test_limits_may_lie_within_one_another() -> None:
    outer, inner = Deadlines(LONG), Deadlines(0.01)
    with outer.begin() as around:
        with pytest.raises(TimeoutError), inner.begin():
            await asyncio.sleep(LONG)
        assert not around.expired
