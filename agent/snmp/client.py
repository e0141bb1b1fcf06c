"""A guard around SNMP for devices that are slow, dead, broken or hostile: one budget a poll, one a walk.

How a version puts requests on the wire is a `Wire`'s matter. Requests are kept small, and are repeated smaller when
the device stays silent to them or their answer cannot be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.exchange import Limit
from agent.snmp.known import GET_OIDS, REPETITIONS, Known
from agent.snmp.resolve import resolve
from agent.snmp.target import Budget, Target
from agent.snmp.values import Rows, Value, arcs
from agent.snmp.versions import open_wire
from agent.snmp.wire import Wire

__all__ = ["GET_OIDS", "REPETITIONS", "Rows", "Session", "Value", "open_session"]

_LEAST_GET_OIDS = 8  # an agent's limit is searched for down to here; below, single objects are the trouble
_MOST_SPLITS = 64  # requests repeated in halves in one poll; beyond that the device is simply broken
_ALWAYS_THERE = "1.3.6.1.2.1.1.3.0"  # sysUpTime


def open_session(target: Target, budget: Budget | None = None, known: Known | None = None) -> Session:
    """One poll of a device of any version, as an asynchronous context manager.

    Args:
        target: the device.
        budget: what it may cost; None takes the usual.
        known: what earlier sessions learnt about this device; this one adds to it. None begins anew.
    """
    return Session(target, budget or Budget(), known)


class Session:
    """One poll of one device: an asynchronous context manager around one UDP socket.

    Not to be shared between tasks; requests go one after the other, which small devices expect.

    Attributes:
        known: what holds beyond this poll.
        spoiled: requests that were given up because no answer to them could be decoded, while others could.
    """

    def __init__(self, target: Target, budget: Budget, known: Known | None = None) -> None:
        self.known = known or Known()
        self.spoiled = 0
        self._splits_left = _MOST_SPLITS
        self._target = target
        self._budget = budget
        self._loop = asyncio.get_running_loop()
        self._limit = Limit(self._loop.time() + budget.seconds, budget.seconds, "poll")
        self._varbinds_left = budget.varbinds
        self._wire: Wire

    async def __aenter__(self) -> Self:
        self.known.address = address = await resolve(self._target, self.known.address)
        self._wire = open_wire(self._target, address, self._limit, self.known)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wire.close()

    async def get(self, oids: Sequence[str], into: Rows | None = None) -> Rows:
        """The objects of `oids` that the device has; `into`, when given, keeps what came before a failure.

        sysUpTime, which every device has, goes with each request: an answer without even that, and one that cannot
        be read, makes two requests of the one, until a bad object costs itself only.

        Raises:
            SnmpError: the device does not answer, or nothing in its answers could be read.
        """
        found: Rows = {} if into is None else into
        failures: list[SnmpError] = []
        most = self._most_oids
        pending = [list(oids[start : start + most]) for start in range(0, len(oids), most)]
        pending.reverse()
        while pending:
            part = pending.pop()
            rows, failure = await self._get_part(part)
            if _ALWAYS_THERE not in rows and len(part) > 1 and self._splits_left:
                pending += self._split(part, failure)
            elif failure is not None:
                failures.append(failure)
            self._spend(len(rows))
            found.update(rows)
        if failures and not found:
            raise failures[0]
        self.spoiled += len(failures)
        return found

    @property
    def _most_oids(self) -> int:
        return min(self.known.get_oids, self._wire.most_oids)

    def _split(self, part: list[str], failure: SnmpError | None) -> list[list[str]]:
        """Two halves, the first one last; what was too much for the device sets its limit."""
        self._splits_left -= 1
        middle = (len(part) + 1) // 2
        was_silent = failure is not None and failure.reason is SnmpFailure.TIMEOUT
        was_full = failure is None and len(part) >= self._most_oids
        if (was_silent or was_full) and self._most_oids > _LEAST_GET_OIDS:
            self.known.get_oids = max(middle, _LEAST_GET_OIDS)
        return [part[middle:], part[:middle]]

    async def _get_part(self, part: list[str]) -> tuple[Rows, SnmpError | None]:
        """One GET; an answer that cannot be read, and silence to many objects only, are returned as such."""
        asked = [_ALWAYS_THERE, *(oid for oid in part if oid != _ALWAYS_THERE)]
        try:
            return await self._wire.get(asked), None
        except SnmpError as error:
            if len(part) > _LEAST_GET_OIDS and await self._is_too_much(error):
                return {}, error
            if error.reason is not SnmpFailure.MALFORMED:
                raise
            return {}, error

    async def walk(
        self, root: str, into: Rows, *, repetitions: int = REPETITIONS, enough: Callable[[Rows], bool] | None = None
    ) -> None:
        """Read the subtree below `root`.

        Args:
            root: OID without a leading dot; of a table's column usually.
            into: receives the rows; keeps what came before a failure.
            repetitions: rows asked for at once; the device may send fewer.
            enough: is shown the rows after each response; True ends the walk.

        Raises:
            SnmpError: the walk ended early.
        """
        size = min(repetitions, self.known.repetitions, self._wire.most_repetitions)
        seconds = self._budget.walk_seconds
        limit = Limit(self._loop.time() + seconds, seconds, "walk")
        self._wire.exchange.limit = min(self._limit, limit, key=lambda one: one.ends_at)
        try:
            while not await self._walk(root, into, size, enough):
                size = max(size // 8, 1)
        finally:
            self._wire.exchange.limit = self._limit

    async def _walk(self, root: str, into: Rows, repetitions: int, enough: Callable[[Rows], bool] | None) -> bool:
        """Whether the walk was done; it was not when fewer rows at once are to be tried."""
        try:
            await self._walk_through(root, into, repetitions, enough)
        except SnmpError as error:
            if repetitions <= 1 or not await self._is_too_much(error):
                raise
            if error.reason is SnmpFailure.TIMEOUT:
                self.known.repetitions = max(repetitions // 8, 1)
            return False
        return True

    async def _walk_through(
        self, root: str, into: Rows, repetitions: int, enough: Callable[[Rows], bool] | None
    ) -> None:
        step = self._wire.walker(root, repetitions)
        last = arcs(root)
        read = 0
        while True:
            rows = await step()
            found = dict(row for row in rows if row is not None)
            if not found:
                return
            into.update(found)
            read += len(found)
            self._spend(len(found), read)
            reached = arcs(next(reversed(found)))
            if reached <= last:
                raise SnmpError(SnmpFailure.LOOP, f"{self._target.address}: the walk of {root} does not move on")
            if rows[-1] is None or (enough is not None and enough(into)):
                return
            last = reached

    async def _is_too_much(self, error: SnmpError) -> bool:
        """Whether a smaller request may fare better: the answer was unreadable, or a silent device answers little."""
        if error.reason is SnmpFailure.MALFORMED:
            return True
        if error.reason is not SnmpFailure.TIMEOUT:
            return False
        try:
            await self._wire.get([_ALWAYS_THERE], retries=0)
        except SnmpError:
            return False
        return True

    def _spend(self, varbinds: int, of_walk: int = 0) -> None:
        self._varbinds_left -= varbinds
        if self._varbinds_left < 0:
            message = f"{self._target.address}: more than {self._budget.varbinds} objects in one poll"
            raise SnmpError(SnmpFailure.BUDGET, message)
        if of_walk > self._budget.walk_varbinds:
            message = f"{self._target.address}: more than {self._budget.walk_varbinds} objects in one walk"
            raise SnmpError(SnmpFailure.BUDGET, message)
