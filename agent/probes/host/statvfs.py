"""statvfs(3) that a dead file server cannot hold up."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterable

from core.log import get_logger

log = get_logger(__name__)

Outcome = os.statvfs_result | OSError


class PatientStatvfs:
    """Asks each mount point in a thread of its own and stops waiting for those that do not answer.

    A thread that hangs in the kernel cannot be ended, so a mount point is not asked again before the last question
    has returned: one thread per hung mount, however long it hangs. The threads are daemons: they do not keep the
    process from ending.
    """

    def __init__(self, timeout_seconds: float, statvfs: Callable[[str], os.statvfs_result] = os.statvfs) -> None:
        self._timeout_seconds = timeout_seconds
        self._statvfs = statvfs
        self._asked: set[str] = set()
        self._late: set[str] = set()

    async def ask(self, points: Iterable[str]) -> dict[str, Outcome]:
        """What each mount point answered; `TimeoutError` for those that hang, other `OSError` as the system gave it."""
        outcomes: dict[str, Outcome] = {}
        answers: dict[asyncio.Future[Outcome], str] = {}
        for point in set(points):
            if point in self._asked:
                outcomes[point] = self._give_up(point)
                continue
            try:
                answers[self._start(point)] = point
            except RuntimeError as error:  # the machine has no thread left
                outcomes[point] = OSError(errno.EAGAIN, str(error))
        if answers:
            done, late = await asyncio.wait(answers, timeout=self._timeout_seconds)
            outcomes |= {answers[future]: future.result() for future in done}
            outcomes |= {answers[future]: self._give_up(answers[future]) for future in late}
        return outcomes

    def _give_up(self, point: str) -> TimeoutError:
        if point not in self._late:
            self._late.add(point)
            log.warning("file system does not answer", mountpoint=point)
        return TimeoutError(f"{point} does not answer")

    def _start(self, point: str) -> asyncio.Future[Outcome]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()

        def answered(outcome: Outcome) -> None:
            self._asked.discard(point)
            if point in self._late:
                self._late.discard(point)
                log.info("file system answers again", mountpoint=point)
            if not future.done():
                future.set_result(outcome)

        def run() -> None:
            outcome = ask_statvfs(point, self._statvfs)
            with contextlib.suppress(RuntimeError):  # the loop was closed while the mount hung; nobody waits any more
                loop.call_soon_threadsafe(answered, outcome)

        threading.Thread(target=run, name=f"statvfs {point}", daemon=True).start()
        self._asked.add(point)  # once the thread is there, which it may not be
        return future


def ask_statvfs(path: str, statvfs: Callable[[str], os.statvfs_result] = os.statvfs) -> Outcome:
    """The numbers of the file system at `path`, or why there are none."""
    try:
        return statvfs(path)
    except OSError as error:
        return error
