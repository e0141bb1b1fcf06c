"""Somebody between the agent and a device, who may change, add and hold back what the device sends."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

# The datagrams that reach the agent in place of one answer.
Tampering = Callable[[bytes], list[bytes]]


def honest(answer: bytes) -> list[bytes]:
    return [answer]


class Relay:
    """A loopback UDP port that passes everything on to `port` and the answers back.

    Attributes:
        tampering: what happens to each answer; may be changed at any time.
        requests, answers: what passed, oldest first.
    """

    def __init__(self, port: int, tampering: Tampering = honest) -> None:
        self.tampering = tampering
        self.requests: list[bytes] = []
        self.answers: list[bytes] = []
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("127.0.0.1", 0))
        self._back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._back.connect(("127.0.0.1", port))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port = int(self._front.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join(timeout=10)
        self._front.close()
        self._back.close()

    def _serve(self) -> None:
        asker = ("127.0.0.1", 9)
        while not self._closing.is_set():
            ready, _, _ = select.select([self._front, self._back], [], [], 0.05)
            if self._front in ready:
                request, asker = self._front.recvfrom(65535)
                self.requests.append(request)
                self._back.send(request)
            if self._back in ready:
                answer = self._back.recv(65535)
                self.answers.append(answer)
                for datagram in self.tampering(answer):
                    self._front.sendto(datagram, asker)
