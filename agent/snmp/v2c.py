"""SNMP version 2c by gufo-snmp, whose codec is in Rust. This module is the only one that knows its sockets.

gufo-snmp's asyncio session hands out one variable binding at a time and starts its timeout anew with every
stray datagram. This drives its sockets instead.

Their receive buffer holds about 4 KB: a longer response cannot be decoded. They hide the error status of a response:
tooBig and genErr look like objects that are not there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from gufo.snmp import SnmpAuthError
from gufo.snmp import SnmpError as GufoError
from gufo.snmp._fast import GetIter, SnmpV2cClientSocket

from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.exchange import Exchange, Limit
from agent.snmp.known import GET_OIDS, REPETITIONS
from agent.snmp.target import Target, spell_endpoint
from agent.snmp.values import Rows, Value
from agent.snmp.wire import Step

T = TypeVar("T")


class V2cWire:
    """A `Wire` of version 2c.

    Args:
        target: the device.
        address: literal IP address.
        limit: when the poll ends.

    Raises:
        SnmpError: the address cannot be reached.
    """

    most_oids = GET_OIDS
    most_repetitions = REPETITIONS

    def __init__(self, target: Target, address: str, limit: Limit) -> None:
        self._target = target
        try:
            self._socket = SnmpV2cClientSocket(spell_endpoint(address, target.port), target.community, 0, 0, 0, 0)
        except OSError as error:
            raise SnmpError(SnmpFailure.UNREACHABLE, f"{target.address}: {error}") from error
        self.exchange = Exchange(target, self._socket.get_fd(), limit)

    async def get(self, oids: list[str], *, retries: int | None = None) -> Rows:
        return await self._ask(lambda: self._socket.send_get_many(oids), self._many, retries)

    def walker(self, root: str, repetitions: int) -> Step:
        cursor = GetIter(root, repetitions)
        last = root

        async def step() -> list[tuple[str, Value] | None]:
            nonlocal last
            rows = await self._bulk(cursor)
            if not rows and repetitions > 1:
                await self._confirm_end(last)
            last = next((row[0] for row in reversed(rows) if row is not None), last)
            return rows

        return step

    def close(self) -> None:
        self.exchange.close()
        # The only reference, so this closes it. A bound method kept in the traceback of a failure would keep it open
        # until the cyclic garbage collector comes by: hundreds of descriptors where many devices are dead.
        del self._socket

    async def _bulk(self, cursor: GetIter) -> list[tuple[str, Value] | None]:
        return await self._ask(lambda: self._socket.send_get_bulk(cursor), partial(self._receive_bulk, cursor))

    async def _confirm_end(self, last: str) -> None:
        """An answer without rows is the end of the device's view, or an error status such as tooBig: one row tells."""
        if await self._bulk(GetIter(last, 1)):
            message = f"{self._target.address}: the device answers a GETBULK of many rows with an error"
            raise SnmpError(SnmpFailure.MALFORMED, message)

    def _many(self) -> Rows:
        return self._socket.recv_get_many()

    def _receive_bulk(self, cursor: GetIter) -> list[tuple[str, Value] | None]:
        try:
            return self._socket.recv_get_bulk(cursor)
        except StopAsyncIteration:
            return []

    async def _ask(self, send: Callable[[], None], receive: Callable[[], T], retries: int | None = None) -> T:
        guarded = partial(_guarded, receive, self._target)
        return await self.exchange.ask(partial(_guarded, send, self._target), guarded, retries=retries)


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
