"""Work that goes on beside the requests: started and stopped with the application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from core.log import get_logger

log = get_logger(__name__)


@contextlib.asynccontextmanager
async def running(**work: Coroutine[Any, Any, None]) -> AsyncIterator[dict[str, asyncio.Task[None]]]:
    """Run each coroutine, named by its keyword, until the block ends; one that ends by itself is logged."""
    tasks = {name: asyncio.create_task(_telling(name, coroutine), name=name) for name, coroutine in work.items()}
    try:
        yield tasks
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


def stopped(task: asyncio.Task[None]) -> str | None:
    """Why a task that should run for ever does not, for readiness; None while it runs."""
    if not task.done():
        return None
    failed = not task.cancelled() and task.exception() is not None
    return "has failed; the log has the details" if failed else "has been stopped"


async def _telling(name: str, coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        await coroutine
    except Exception:
        log.exception("background work failed", work=name)
        raise
    log.error("background work ended", work=name)
