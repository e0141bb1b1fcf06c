"""A thread that waits for work: starting one for each request costs as much as the request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

IDLE_SECONDS = 120.0

Job = Callable[[], None]


class Worker:
    """Does one job after the other on a daemon thread, which begins with the first and ends when none comes for long.

    Args:
        name: the thread's.
        idle_seconds: how long it waits for another job.
    """

    def __init__(self, name: str, idle_seconds: float = IDLE_SECONDS) -> None:
        self._name = name
        self._idle_seconds = idle_seconds
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._works = False

    def do(self, job: Job) -> None:
        """Have a job done, which raises nothing.

        Raises:
            RuntimeError: the machine has no thread left; the job will not be done.
        """
        with self._lock:  # or the thread could end with a job before it
            if not self._works:
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
                self._works = True
            self._jobs.put(job)

    def close(self) -> None:
        """End the thread after the jobs it has; what is given to it later is not done."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            job()
            del job  # or it stays in memory until the next comes

    def _next(self) -> Job | None:
        try:
            return self._jobs.get(timeout=self._idle_seconds)
        except Empty:
            with self._lock:
                self._works = not self._jobs.empty()
                return self._jobs.get() if self._works else None
