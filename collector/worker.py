"""One thread beside the event loop, for work done piece after piece that must be over before the store closes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from core.log import get_logger

log = get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Does one piece of work at a time; its thread begins with the first.

    A piece goes on in its thread though the task that waits for it is cancelled, so whoever closes what the work
    uses calls `stop` before.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._stopping = threading.Event()

    @property
    def stopping(self) -> bool:
        """Whether long work should end where it is; read by that work."""
        return self._stopping.is_set()

    async def do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work in the thread, after what was asked for before."""
        return await asyncio.wrap_future(self._pool.submit(work, *args, **kwargs))

    async def stop(self, seconds: float) -> bool:
        """Take no more work and wait for what is being done; False when it goes on after `seconds`."""
        self._stopping.set()
        ended = asyncio.get_running_loop().create_future()
        threading.Thread(target=_shut_down, args=(self._pool, ended), daemon=True, name=f"{self._name}-stop").start()
        try:
            await asyncio.wait_for(ended, seconds)
        except TimeoutError:
            log.error("work in a thread goes on while the collector stops", work=self._name, waited_seconds=seconds)
            return False
        return True


def _shut_down(pool: ThreadPoolExecutor, ended: asyncio.Future[None]) -> None:
    pool.shutdown(wait=True, cancel_futures=True)

    def tell() -> None:
        if not ended.done():
            ended.set_result(None)

    with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
        ended.get_loop().call_soon_threadsafe(tell)
