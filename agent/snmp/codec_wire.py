"""What versions 1 and 3 have in common: messages that are encoded and decoded here, over a socket of our own.

Unlike gufo-snmp's sockets, these see the error status of a response, and take responses of any size.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from agent.snmp import pdu
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.exchange import Exchange, Limit
from agent.snmp.pdu import ErrorStatus, Pdu
from agent.snmp.target import Target
from agent.snmp.values import Rows, Value
from agent.snmp.wire import Step

_LARGEST_DATAGRAM = 65_535
_MOST_DROPS = 8  # objects left out of a GET one by one, as the errors name them; then halves are faster
_ONE_OBJECT = (ErrorStatus.NO_SUCH_NAME, ErrorStatus.GEN_ERR, ErrorStatus.NO_ACCESS)


class CodecWire(ABC):
    """A `Wire` but for the messages around the PDUs.

    Args:
        address: literal IP address.
        limit: when the poll ends.

    Raises:
        SnmpError: the address cannot be reached.
    """

    most_oids: int
    most_repetitions: int
    walks_by: ClassVar[int] = pdu.GET_BULK

    def __init__(self, target: Target, address: str, limit: Limit) -> None:
        self._target = target
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect((address, target.port))  # the kernel drops what comes from anywhere else
        except OSError as error:
            self._socket.close()
            raise self._unreachable(error) from error
        self.exchange = Exchange(target, self._socket.fileno(), limit)

    @abstractmethod
    async def _request(self, tag: int, oids: Sequence[str], repetitions: int = 0, *, retries: int | None = None) -> Pdu:
        """The response to one request, whatever its error status; raises SnmpError."""

    async def get(self, oids: list[str], *, retries: int | None = None) -> Rows:
        """One GET; an object that the device answers with an error for is left out and the rest asked again."""
        asked = list(oids)
        for _ in range(_MOST_DROPS):
            answer = await self._request(pdu.GET, asked, retries=retries)
            self._check_access(answer)
            if answer.error_status == ErrorStatus.NO_ERROR:
                wanted = frozenset(asked)
                return {oid: value for oid, value in answer.bindings if value is not None and oid in wanted}
            if answer.error_status not in _ONE_OBJECT or not 1 <= answer.error_index <= len(asked):
                return {}
            del asked[answer.error_index - 1]
            if not asked:
                return {}
        return {}

    def walker(self, root: str, repetitions: int) -> Step:
        """Asks by GETBULK, or by GETNEXT where there is none."""
        last, inside = root, f"{root}."

        async def step() -> list[tuple[str, Value] | None]:
            nonlocal last
            answer = await self._request(self.walks_by, [last], repetitions)
            rows = self._rows(answer, inside, repetitions)
            last = next((row[0] for row in reversed(rows) if row is not None), last)
            return rows

        return step

    def close(self) -> None:
        """Give the socket back."""
        self.exchange.close()
        self._socket.close()

    def _rows(self, answer: Pdu, inside: str, repetitions: int) -> list[tuple[str, Value] | None]:
        self._check_access(answer)
        if answer.error_status == ErrorStatus.NO_SUCH_NAME:
            return []  # how version 1 says that nothing follows
        if answer.error_status:
            message = f"{self._target.address}: the device answers a walk with error status {answer.error_status}"
            raise SnmpError(SnmpFailure.MALFORMED if repetitions > 1 else SnmpFailure.NO_SUCH, message)
        rows: list[tuple[str, Value] | None] = []
        for oid, value in answer.bindings:
            if value is None or not oid.startswith(inside):
                rows.append(None)
                break
            rows.append((oid, value))
        return rows

    def _check_access(self, answer: Pdu) -> None:
        if answer.error_status == ErrorStatus.AUTHORIZATION_ERROR:
            message = f"{self._target.address}: the device knows these credentials but lets them read nothing of this"
            raise SnmpError(SnmpFailure.AUTH, message)

    def _send(self, message: bytes) -> None:
        try:
            self._socket.send(message)
        except BlockingIOError:
            raise
        except OSError as error:
            raise self._unreachable(error) from error

    def _receive(self) -> bytes:
        """The next datagram; raises BlockingIOError when there is none."""
        try:
            return self._socket.recv(_LARGEST_DATAGRAM)
        except BlockingIOError:
            raise
        except OSError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: OSError) -> SnmpError:
        return SnmpError(
            SnmpFailure.UNREACHABLE,
            f"{self._target.address} port {self._target.port}: {(error.strerror or str(error)).lower()}",
        )

    def _malformed(self, error: ValueError) -> SnmpError:
        return SnmpError(SnmpFailure.MALFORMED, f"{self._target.address}: no SNMP answer: {error}")
