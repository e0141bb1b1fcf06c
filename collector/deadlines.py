"""A time limit that thousands of short tasks a second pass: one timer for all of them, set anew only when it rings.

`asyncio.timeout` makes and cancels a timer of the event loop for each, which costs more than what else a push passes
on its way in.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Deadlines:
    """Gives up what takes longer than `seconds`; for the tasks of one event loop.

    As all have the same time, they come to their ends in the order in which they began.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._open: dict[Deadline, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> Deadline:
        """For a `with` block, which raises TimeoutError when it takes too long."""
        return Deadline(self)

    def add(self, deadline: Deadline, loop: asyncio.AbstractEventLoop) -> float:
        """Watch over one more; returns its end on the loop's clock."""
        end = loop.time() + self._seconds
        self._open[deadline] = None
        if self._timer is None:
            self._timer = loop.call_at(end, self._ring, loop)
        return end

    def remove(self, deadline: Deadline) -> None:
        """It came to its end by itself."""
        self._open.pop(deadline, None)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        while self._open:
            oldest = next(iter(self._open))
            if oldest.end > now:
                self._timer = loop.call_at(oldest.end, self._ring, loop)
                return
            del self._open[oldest]
            oldest.expire()


class Deadline:
    """The time limit of one block; as `asyncio.timeout`, it tells its own cancellation from others'.

    Attributes:
        end: when the time is over, on the loop's clock.
        expired: whether it was.
    """

    def __init__(self, of: Deadlines) -> None:
        self._of = of
        self.end = 0.0
        self.expired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be given up")
        self._task = task
        self._cancelling = task.cancelling()
        self.end = self._of.add(self, task.get_loop())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if not self.expired:
            self._of.remove(self)
        elif self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            # Nobody else wants the task to end.
            raise TimeoutError from error

    def expire(self) -> None:
        """The time is over."""
        self.expired = True
        self._task.cancel()
