"""Work that is done to its end although whoever waits for it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Wait for `work`; a cancellation is passed on when it has ended.

    For transactions: a statement that is cancelled on its way leaves a connection to SQLite that keeps its lock until
    the last reference to its cursor is gone, and every other writer waits for that.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
