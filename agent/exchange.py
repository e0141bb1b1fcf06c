"""One request to the collector and its answer, over a connection of http.client; see `agent.http`."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from core.errors import ForewatchError

_LONGEST_EXCERPT = 500  # characters


@dataclass(frozen=True, slots=True)
class Answer:
    """What the collector answered: header names in lower case, at most as much of the body as was asked for."""

    status: int
    headers: dict[str, str]
    body: bytes

    def excerpt(self) -> str:
        """What a problem document says (RFC 9457), or the beginning of any other body, for a log line."""
        told = self._problem() or self.body[:_LONGEST_EXCERPT].decode(errors="replace")
        return told[:_LONGEST_EXCERPT].strip()

    def _problem(self) -> str | None:
        try:
            problem = msgspec.json.decode(self.body, type=dict[str, object])
        except (msgspec.MsgspecError, RecursionError):
            return None
        told = problem.get("detail") or problem.get("title")
        return told if isinstance(told, str) else None


class Unreachable(ForewatchError):  # noqa: N818 - reads as the reason in a raise
    """There was no answer: `reason` is dns, refused, timeout, tls, network, protocol, token or threads."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and how much of the answer's body to read."""

    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]
    most: int


class Exchange:
    """One request and its answer, run on a thread, given up from another."""

    def __init__(self, connection: http.client.HTTPConnection, question: Question) -> None:
        self._connection = connection
        self._question = question
        self._wire: socket.socket | None = None
        self._abandoned = False

    def run(self) -> Answer:
        """Send, read the answer; the connection is closed when it cannot be used again.

        Raises:
            OSError, http.client.HTTPException, ValueError: there was no answer.
        """
        reused = self._connection.sock is not None
        try:
            try:
                return self._attempt()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
                if not reused or self._abandoned:
                    raise
            # The other side closed the kept connection while it was idle. A repeat is harmless: pushes are numbered.
            self._connection.close()
            return self._attempt()
        except BaseException:
            self._connection.close()
            raise

    def abandon(self) -> None:
        """Wake the thread, wherever it waits but in the resolver; it closes the connection."""
        self._abandoned = True
        if self._wire is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket's own: it drops the encryption first, and what is being written would go in the clear.
                socket.socket.shutdown(self._wire, socket.SHUT_RDWR)

    def _attempt(self) -> Answer:
        connection = self._connection
        if connection.sock is None:
            connection.connect()
        self._wire = connection.sock  # the connection forgets it before a last answer is read
        if self._abandoned:
            raise ConnectionAbortedError
        asked = self._question
        connection.request(asked.method, asked.path, asked.body, dict(asked.headers))
        with connection.getresponse() as response:
            content = response.read(asked.most)
            if not response.isclosed():
                connection.close()  # there is more than anybody wants to read
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)


def unreachable(error: Exception) -> Unreachable:
    """Why there was no answer, of what `Exchange.run` raised."""
    if isinstance(error, TimeoutError):
        return Unreachable("timeout", "no answer in time")
    if isinstance(error, ConnectionRefusedError):
        return Unreachable("refused", "connection refused")
    if isinstance(error, socket.gaierror):
        return Unreachable("dns", f"name cannot be resolved: {error.strerror}")
    if isinstance(error, ssl.SSLError):
        return Unreachable("tls", str(error))
    if isinstance(error, OSError):
        return Unreachable("network", error.strerror or str(error) or type(error).__name__)
    return Unreachable("protocol", f"no HTTP: {type(error).__name__} {error}".strip())
