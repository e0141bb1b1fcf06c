"""A guard around gufo-snmp for devices that are slow, dead, broken or hostile.

gufo-snmp's asyncio session hands out one variable binding at a time and starts its timeout anew with every
stray datagram. This drives gufo-snmp's sockets instead: one response at a time, one deadline a request, one
budget a poll. This module is the only one that knows them.

Their receive buffer holds about 4 KB. A longer response cannot be decoded, so requests are kept small and
are repeated smaller when their response turns out malformed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from gufo.snmp import SnmpAuthError, ValueType
from gufo.snmp import SnmpError as GufoError
from gufo.snmp._fast import GetIter, SnmpV2cClientSocket

from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.target import Budget, Target, spell_endpoint

Value = ValueType  # OCTET STRING is bytes; OBJECT IDENTIFIER and IpAddress are dotted str; counters and numbers are int
Rows = dict[str, Value]

T = TypeVar("T")

# Most objects in one GET and most rows in one GETBULK: numbers then stay within one Ethernet frame.
GET_OIDS = 44
REPETITIONS = 44
_LEAST_GET_OIDS = 8  # an agent's limit is searched for down to here; below, single objects are the trouble
_MOST_SPLITS = 64  # requests repeated in halves in one poll; beyond that the device is simply broken
_ALWAYS_THERE = "1.3.6.1.2.1.1.3.0"  # sysUpTime
_REPEATABLE = (SnmpFailure.TIMEOUT, SnmpFailure.MALFORMED)


class Session:
    """One poll of one device: an asynchronous context manager around one UDP socket.

    Not to be shared between tasks; requests go one after the other, which small devices expect.

    Attributes:
        get_oids: most objects in one GET; becomes smaller when the device turns out to take fewer.
        address: where the device's name led the last time that it resolved; None before that.
        spoiled: requests that were given up because no answer to them could be decoded, while others could.
    """

    def __init__(self, target: Target, budget: Budget, get_oids: int = GET_OIDS, address: str | None = None) -> None:
        self.get_oids = get_oids
        self.address = address
        self.spoiled = 0
        self._splits_left = _MOST_SPLITS
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._ends_at = self._loop.time() + budget.seconds
        self._seconds = budget.seconds
        self._varbinds = self._varbinds_left = budget.varbinds
        self._on_datagram: Callable[[], None] | None = None
        self._socket: SnmpV2cClientSocket
        self._descriptor = -1

    async def __aenter__(self) -> Self:
        address = await self._resolve()
        try:
            self._socket = SnmpV2cClientSocket(address, self._target.community, 0, 0, 0, 0)
        except OSError as error:
            raise SnmpError(SnmpFailure.UNREACHABLE, f"{self._target.address}: {error}") from error
        self._descriptor = self._socket.get_fd()
        self._loop.add_reader(self._descriptor, self._readable)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.remove_reader(self._descriptor)
        # The only reference, so this closes it. A bound method kept in the traceback of a failure would keep it open
        # until the cyclic garbage collector comes by: hundreds of descriptors where many devices are dead.
        del self._socket

    async def get(self, oids: Sequence[str], into: Rows | None = None) -> Rows:
        """The objects of `oids` that the device has; `into`, when given, keeps what came before a failure.

        gufo-snmp hides the error status of a response: tooBig and genErr look like objects that are not there. So
        sysUpTime, which every device has, goes with each request; an answer without even that, and one that is
        malformed, makes two requests of the one, until a bad object costs itself only.

        Raises:
            SnmpError: the device does not answer, or nothing in its answers could be read.
        """
        found: Rows = {} if into is None else into
        failures: list[SnmpError] = []
        pending = [list(oids[start : start + self.get_oids]) for start in range(0, len(oids), self.get_oids)]
        pending.reverse()
        while pending:
            part = pending.pop()
            rows, failure = await self._get_part(part)
            if _ALWAYS_THERE not in rows and len(part) > 1 and self._splits_left:
                self._splits_left -= 1
                middle = (len(part) + 1) // 2
                if failure is None and len(part) >= self.get_oids > _LEAST_GET_OIDS:
                    self.get_oids = middle
                pending += [part[middle:], part[:middle]]
            elif failure is not None:
                failures.append(failure)
            self._spend(len(rows))
            found.update(rows)
        if failures and not found:
            raise failures[0]
        self.spoiled += len(failures)
        return found

    async def _get_part(self, part: list[str]) -> tuple[Rows, SnmpError | None]:
        """One GET; a malformed answer is returned as such."""
        asked = [_ALWAYS_THERE, *(oid for oid in part if oid != _ALWAYS_THERE)]
        try:
            return await self._ask(lambda: self._socket.send_get_many(asked), self._many), None
        except SnmpError as error:
            if error.reason is not SnmpFailure.MALFORMED:
                raise
            return {}, error

    async def walk(
        self, root: str, into: Rows, *, repetitions: int = REPETITIONS, enough: Callable[[Rows], bool] | None = None
    ) -> None:
        """Read the subtree below `root` by GETBULK.

        Args:
            root: OID without a leading dot; of a table's column usually.
            into: receives the rows; keeps what came before a failure.
            repetitions: rows asked for at once; the device may send fewer.
            enough: is shown the rows after each response; True ends the walk.

        Raises:
            SnmpError: the walk ended early.
        """
        try:
            await self._walk(root, into, repetitions, enough)
        except SnmpError as error:
            if error.reason is not SnmpFailure.MALFORMED or repetitions < 8:
                raise
            into.clear()
            await self._walk(root, into, repetitions // 8, enough)

    async def _walk(self, root: str, into: Rows, repetitions: int, enough: Callable[[Rows], bool] | None) -> None:
        cursor = GetIter(root, repetitions)
        last = _arcs(root)
        while True:
            rows = await self._ask(lambda: self._socket.send_get_bulk(cursor), partial(self._bulk, cursor))
            found = dict(row for row in rows if row is not None)
            if not found:
                return
            ended = rows[-1] is None
            into.update(found)
            self._spend(len(found))
            reached = _arcs(next(reversed(found)))
            if reached <= last:
                raise SnmpError(SnmpFailure.LOOP, f"{self._target.address}: the walk of {root} does not move on")
            if ended or (enough is not None and enough(into)):
                return
            last = reached

    def _many(self) -> Rows:
        return self._socket.recv_get_many()

    def _bulk(self, cursor: GetIter) -> list[tuple[str, Value] | None]:
        """A response's bindings, None after the last of the subtree; empty at the end of the device's view."""
        try:
            return self._socket.recv_get_bulk(cursor)
        except StopAsyncIteration:
            return []

    async def _ask(self, send: Callable[[], None], receive: Callable[[], T]) -> T:
        """Send until there is a good answer or no retry is left."""
        for left in range(self._target.retries, -1, -1):
            try:
                self._send(send)
                return await self._answer(receive)
            except SnmpError as error:
                if error.reason not in _REPEATABLE or not left:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _send(self, send: Callable[[], None]) -> None:
        try:
            _guarded(send, self._target)
        except BlockingIOError as error:
            raise SnmpError(SnmpFailure.UNREACHABLE, f"{self._target.address}: the socket takes no more") from error

    async def _answer(self, receive: Callable[[], T]) -> T:
        """What `receive` makes of the datagram that answers; strays do not prolong the wait."""
        waiter: asyncio.Future[T] = self._loop.create_future()
        deadline = min(self._loop.time() + self._target.timeout_seconds, self._ends_at)
        timer = self._loop.call_at(deadline, self._expire, waiter, deadline)
        self._on_datagram = partial(self._deliver, receive, waiter)
        try:
            return await waiter
        finally:
            timer.cancel()
            self._on_datagram = None
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
            waiter.set_result(_guarded(receive, self._target))
        except BlockingIOError:
            return  # not for us, or the checksum was wrong
        except SnmpError as error:
            waiter.set_exception(error)

    def _expire(self, waiter: asyncio.Future[T], deadline: float) -> None:
        if waiter.done():
            return
        address = self._target.address
        if deadline == self._ends_at:
            error = SnmpError(SnmpFailure.BUDGET, f"{address}: the poll took more than {self._seconds:g} s")
        else:
            hint = "is the device up, does it allow this agent's address, is the community right?"
            message = f"{address}: no answer within {self._target.timeout_seconds:g} s; {hint}"
            error = SnmpError(SnmpFailure.TIMEOUT, message)
        waiter.set_exception(error)

    def _spend(self, varbinds: int) -> None:
        self._varbinds_left -= varbinds
        if self._varbinds_left < 0:
            raise SnmpError(
                SnmpFailure.BUDGET, f"{self._target.address}: more than {self._varbinds} objects in one poll"
            )

    async def _resolve(self) -> str:
        """The socket address as gufo-snmp wants it: a literal, IPv6 in brackets.

        While the name servers are away, where the name led before counts: their trouble is not the devices'.
        """
        try:
            self.address = await self._look_up(self._target.address)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label too long for a name
            if self.address is None:
                message = f"{self._target.address}: the name does not resolve: {error}"
                raise SnmpError(SnmpFailure.UNREACHABLE, message) from error
        return spell_endpoint(self.address, self._target.port)

    async def _look_up(self, name: str) -> str:
        try:
            ipaddress.ip_address(name)
        except ValueError:
            async with asyncio.timeout(self._target.dead_after_seconds):
                found = await self._loop.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
            return str(found[0][4][0])
        return name


def _guarded(call: Callable[[], T], target: Target) -> T:
    """`call`'s result, its errors sorted into ours; BlockingIOError passes: there is nothing to read yet."""
    try:
        return call()
    except BlockingIOError:
        raise
    except SnmpAuthError as error:
        raise SnmpError(SnmpFailure.AUTH, f"{target.address}: the device refuses the credentials") from error
    except OSError as error:  # also TimeoutError("connection refused"), which is how gufo-snmp spells a closed port
        raise SnmpError(SnmpFailure.UNREACHABLE, f"{target.address} port {target.port}: {error}") from error
    except (GufoError, RuntimeError, ValueError) as error:
        raise SnmpError(SnmpFailure.MALFORMED, f"{target.address}: no SNMP answer: {error}") from error
    except BaseException as error:
        # The decoder panics on some garbage; pyo3 turns that into a BaseException so that nobody catches it
        # by accident. A datagram must not end the agent.
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise SnmpError(SnmpFailure.MALFORMED, f"{target.address}: no SNMP answer: {error}") from error


def _arcs(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))
