"""An SNMP device of version 1 or 2c on a loopback UDP port whose MIB is a dict that the test changes as it goes."""

from __future__ import annotations

import bisect
import socket
import threading
from types import TracebackType
from typing import Self

from tests.servers import ber

_COUNTER64 = 0x46


Peer = tuple[str, int] | tuple[str, int, int, int]  # of IPv4, of IPv6


class Responder:
    """Answers each datagram with what `replies` says; a thread of its own, so tests may block or await."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._address = address
        self._socket = socket.socket(self._family, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._closing = False
        self.port = int(self._socket.getsockname()[1])
        self.requests: list[ber.Request] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        with socket.socket(self._family, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (self._address, self.port))
        self._thread.join(timeout=10)
        self._socket.close()

    def replies(self, request: ber.Request) -> list[bytes]:
        """The datagrams that answer a request, in order; none is silence."""
        raise NotImplementedError

    def send(self, reply: bytes, peer: Peer) -> None:
        """Send one datagram to who asked."""
        self._socket.sendto(reply, peer)

    def _serve(self) -> None:
        while True:
            datagram, peer = self._socket.recvfrom(65535)
            if self._closing:
                return
            request = ber.parse_request(datagram)
            self.requests.append(request)
            for reply in self.replies(request):
                self.send(reply, peer)


class Device(Responder):
    """A device that keeps to RFC 3416: GET, GETNEXT and GETBULK over `mib`, silence for a wrong community.

    With `version` 0 it speaks version 1 as RFC 1157 and RFC 2576 say: errors in place of exceptions, no Counter64.

    Attributes:
        mib: OID → encoded value (`tests.servers.ber`); may be changed while it runs.
        requests: everything that was asked, oldest first.
        silent: True to answer nothing from now on.
        most_bindings: a GET of more is answered tooBig.
        largest: octets that the bindings of a GETBULK's response may have; most devices keep to one Ethernet frame.
    """

    def __init__(
        self,
        mib: dict[str, bytes],
        *,
        community: str = "public",
        address: str = "127.0.0.1",
        port: int = 0,
        version: int = 1,
    ) -> None:
        super().__init__(address, port)
        self._version = version
        self.load(mib)
        self.silent = False
        self.most_bindings = 128
        self.largest = 1400
        self._community = community.encode()

    def load(self, mib: dict[str, bytes]) -> None:
        """Change everything."""
        self.mib = {ber.parse_oid(name): value for name, value in mib.items()}

    def set(self, name: str, value: bytes | None) -> None:
        """Change one object; None removes it."""
        changed = dict(self.mib)
        if value is None:
            changed.pop(ber.parse_oid(name), None)
        else:
            changed[ber.parse_oid(name)] = value
        self.mib = changed

    def drop(self, prefix: str) -> None:
        """Remove a whole subtree."""
        root = ber.parse_oid(prefix)
        self.mib = {name: value for name, value in self.mib.items() if name[: len(root)] != root}

    def replies(self, request: ber.Request) -> list[bytes]:
        if self.silent or request.community != self._community:
            return []
        if len(request.oids) > self.most_bindings:
            return [ber.response(request, [], error=ber.TOO_BIG)]
        if self._version == 0:
            return [self._old(request)]
        mib = self.mib
        if request.pdu == ber.GET:
            return [ber.response(request, [(name, mib.get(name, ber.NO_SUCH_INSTANCE)) for name in request.oids])]
        repetitions = request.max_repetitions if request.pdu == ber.GET_BULK else 1
        return [ber.response(request, self._following(mib, request.oids[0], repetitions))]

    def _old(self, request: ber.Request) -> bytes:
        mib = {name: value for name, value in self.mib.items() if value[0] != _COUNTER64}
        if request.pdu == ber.GET:
            found = [(name, mib.get(name)) for name in request.oids]
        else:
            found = [(after[0][0], after[0][1]) for after in (self._following(mib, request.oids[0], 1),)]
        for place, (_, value) in enumerate(found, start=1):
            if value in (None, ber.END_OF_MIB_VIEW):
                asked = [(name, ber.NULL) for name in request.oids]
                return ber.response(request, asked, error=ber.NO_SUCH_NAME, index=place, version=0)
        return ber.response(request, [(name, value or b"") for name, value in found], version=0)

    def _following(self, mib: dict[ber.Oid, bytes], name: ber.Oid, most: int) -> list[tuple[ber.Oid, bytes]]:
        names = sorted(mib)
        start = bisect.bisect_right(names, name)
        found: list[tuple[ber.Oid, bytes]] = []
        room = self.largest
        for following in names[start : start + most]:
            room -= len(ber.oid(following)) + len(mib[following]) + 4
            if found and room < 0:
                return found
            found.append((following, mib[following]))
        if len(found) < most:
            found.append(((found[-1][0] if found else name), ber.END_OF_MIB_VIEW))
        return found
