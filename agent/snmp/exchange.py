"""Requests and answers over one UDP descriptor: one at a time, one deadline each.

Stray datagrams do not prolong a wait, and an answer that cannot be read is as good as none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.target import Target

T = TypeVar("T")

_HOLD_SECONDS = 0.5  # a true answer is under way for less, once a feigned one is here
_REPEATABLE = (SnmpFailure.TIMEOUT, SnmpFailure.MALFORMED)


@dataclass(frozen=True, slots=True)
class Limit:
    """When patience ends, by the loop's clock, and how long it was."""

    ends_at: float
    seconds: float
    of: str


class Exchange:
    """What a version's wire sends and receives through.

    Args:
        target: whom it talks to; timeout and retries are the target's.
        descriptor: a non-blocking, connected UDP socket; the owner closes it after `close`.
        limit: beyond this no answer is waited for; may be changed between requests.
    """

    def __init__(self, target: Target, descriptor: int, limit: Limit) -> None:
        self.limit = limit
        self._target = target
        self._descriptor = descriptor
        self._on_datagram: Callable[[], None] | None = None
        self._held: SnmpError | None = None
        self._hold_ends: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(descriptor, self._readable)

    def close(self) -> None:
        """Read no more; the descriptor stays open."""
        self._loop.remove_reader(self._descriptor)

    async def ask(self, send: Callable[[], None], receive: Callable[[], T], *, retries: int | None = None) -> T:
        """Send until there is a good answer or no retry is left.

        Args:
            send: sends one request; raises SnmpError, or BlockingIOError when the socket takes no more.
            receive: reads what came; raises BlockingIOError when that was no answer, SnmpError when it was a bad one.
            retries: None takes the target's.
        """
        for left in range(self._target.retries if retries is None else retries, -1, -1):
            try:
                self._send(send)
                return await self._answer(receive)
            except SnmpError as error:
                if error.reason not in _REPEATABLE or not left:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def hold(self, error: SnmpError) -> None:
        """A failure that anybody could have feigned: it counts when no answer comes within a moment.

        To be called by `receive`, which then raises BlockingIOError.
        """
        self._held = self._held or error

    def _send(self, send: Callable[[], None]) -> None:
        try:
            send()
        except BlockingIOError as error:
            raise SnmpError(SnmpFailure.UNREACHABLE, f"{self._target.address}: the socket takes no more") from error

    async def _answer(self, receive: Callable[[], T]) -> T:
        waiter: asyncio.Future[T] = self._loop.create_future()
        deadline = min(self._loop.time() + self._target.timeout_seconds, self.limit.ends_at)
        timer = self._loop.call_at(deadline, self._expire, waiter, deadline)
        self._on_datagram = partial(self._deliver, receive, waiter)
        try:
            return await waiter
        finally:
            timer.cancel()
            if self._hold_ends is not None:
                self._hold_ends.cancel()
            self._on_datagram = self._held = self._hold_ends = None
            # Both lead to the failure and it, by its traceback, to them: memory for the cyclic garbage collector, which
            # comes seldom, at each timeout of each dead device.
            del waiter, timer

    def _readable(self) -> None:
        if self._on_datagram is not None:
            self._on_datagram()

    def _deliver(self, receive: Callable[[], T], waiter: asyncio.Future[T]) -> None:
        # Read here, not in the waiting task: until it runs the loop would report the same datagram once more.
        if waiter.done():
            return
        try:
            waiter.set_result(receive())
        except BlockingIOError:  # not for us, or the checksum was wrong
            if self._held is not None and self._hold_ends is None:
                self._hold_ends = self._loop.call_later(_HOLD_SECONDS, _fail, waiter, self._held)
        except SnmpError as error:
            waiter.set_exception(error)

    def _expire(self, waiter: asyncio.Future[T], deadline: float) -> None:
        if waiter.done():
            return
        if self._held is not None:
            waiter.set_exception(self._held)
            return
        address = self._target.address
        if deadline == self.limit.ends_at:
            message = f"{address}: the {self.limit.of} took more than {self.limit.seconds:g} s"
            error = SnmpError(SnmpFailure.BUDGET, message)
        else:
            message = f"{address}: no answer within {self._target.timeout_seconds:g} s; {self._target.silence_hint}"
            error = SnmpError(SnmpFailure.TIMEOUT, message)
        waiter.set_exception(error)


def _fail(waiter: asyncio.Future[T], error: SnmpError) -> None:
    if not waiter.done():
        waiter.set_exception(error)
