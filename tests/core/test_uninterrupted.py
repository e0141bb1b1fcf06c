"""What may not be broken off in the middle is not."""

from __future__ import annotations

import asyncio

import pytest

from core.uninterrupted import uninterrupted


async def test_a_cancellation_is_passed_on_when_the_work_has_ended() -> None:
    begun, go, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await go.wait()
        ended.set()

    task = asyncio.create_task(uninterrupted(work()))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_what_the_work_returns_or_raises_is_handed_on() -> None:
    async def fails() -> None:
        raise ValueError("of its own")

    assert await uninterrupted(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ValueError, match="of its own"):
        await uninterrupted(fails())
