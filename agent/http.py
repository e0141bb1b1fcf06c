"""The agent's HTTP client: one request in flight to one collector, over a connection that is kept.

http.client on a thread of its own (`agent.worker`) rather than an asyncio client: an agent posts a few requests a
minute, and this way costs 12 MB less of resident memory. Proxy settings of the environment are not looked at,
redirects not followed.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata

import msgspec

from agent.config import CollectorConfig, parse_url
from agent.worker import Worker
from core.errors import ForewatchError

_LARGEST_ANSWER = 64 * 2**10
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


class CollectorClient:
    """Asks one collector.

    Args:
        config: where it is, whom to trust, how long to wait, which credential to show.
        token: a credential to show instead, as enrolment does.
    """

    def __init__(self, config: CollectorConfig, *, token: str | None = None) -> None:
        self._config = config
        self._token = token
        self._url = parse_url(config.url)
        self._root = self._url.path.rstrip("/")
        self._tls: ssl.SSLContext | None = None
        self._idle: tuple[http.client.HTTPConnection, Worker] | None = None

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post `body` to `path` below the collector's URL; credential and user agent are added.

        Raises:
            Unreachable: there was no answer in time.
        """
        return await self._exchange(_Question("POST", path, body, headers, _LARGEST_ANSWER))

    async def get(self, path: str, headers: Mapping[str, str], *, most: int) -> Answer:
        """Get `path` below the collector's URL, at most `most` bytes of it; otherwise as `post`."""
        return await self._exchange(_Question("GET", path, None, headers, most))

    async def _exchange(self, question: _Question) -> Answer:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()
        sent = {"User-Agent": f"forewatch-agent/{version()}", **self._authorization(), **question.headers}
        (connection, worker), self._idle = self._idle or (self._connect(), Worker("collector")), None
        exchange = _Exchange(connection, replace(question, path=self._root + question.path, headers=sent))

        def work() -> None:
            try:
                settle = partial(_answer, answered, exchange.run())
            except Exception as error:  # noqa: BLE001 - carried over to the task that waits
                settle = partial(_fail, answered, error)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle)

        try:
            worker.do(work)
        except RuntimeError as error:  # the machine has no thread left; that is news to keep, not a reason to die
            connection.close()
            raise Unreachable("threads", str(error)) from error
        try:
            async with asyncio.timeout(self._config.timeout):
                answer = await answered
        except (TimeoutError, asyncio.CancelledError) as error:
            exchange.abandon()
            worker.do(connection.close)  # once it comes back from where it hangs, or when it had the answer just now
            worker.close()
            if isinstance(error, TimeoutError):
                raise Unreachable("timeout", f"no answer within {self._config.timeout!r}") from error
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            worker.close()
            raise _unreachable(error) from error
        self._keep(connection, worker)
        return answer

    def _keep(self, connection: http.client.HTTPConnection, worker: Worker) -> None:
        """For the next request; of two requests side by side the later one's."""
        self.close()
        self._idle = connection, worker

    def close(self) -> None:
        """Close the kept connection, end its thread."""
        if self._idle is not None:
            connection, worker = self._idle
            connection.close()
            worker.close()
            self._idle = None

    def _connect(self) -> http.client.HTTPConnection:
        host, timeout = self._url.hostname or "", float(self._config.timeout)
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, self._url.port or 80, timeout=timeout)
        if self._tls is None:
            self._tls = trust(self._config)
        return http.client.HTTPSConnection(host, self._url.port or 443, timeout=timeout, context=self._tls)

    def _authorization(self) -> dict[str, str]:
        token = self._token or self._config.token or self._read_token()
        if not token:
            return {}
        if not (token.isascii() and token.isprintable()) or " " in token:  # http.client's error would quote it
            raise Unreachable("token", f"{self._config.token_file or 'the token'} holds more than one line of a token")
        return {"Authorization": f"Bearer {token}"}

    def _read_token(self) -> str:
        # Read at each request: a token that was replaced counts at once, without a restart.
        file = self._config.token_file
        if file is None:
            return ""
        try:
            return file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""  # the collector's 401 leads to the remedy
        except (OSError, UnicodeDecodeError) as error:
            raise Unreachable("token", f"{file} cannot be read: {error}") from error


def version() -> str:
    """The version of Forewatch that runs."""
    global _version  # noqa: PLW0603 - asked from the installed distribution once
    if _version is None:
        try:
            _version = metadata.version("forewatch")
        except metadata.PackageNotFoundError:
            _version = "unknown"
    return _version


_version: str | None = None


def trust(config: CollectorConfig) -> ssl.SSLContext:
    """Whose certificates are believed.

    Raises:
        Unreachable: `ca_file` cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=config.ca_file and str(config.ca_file))
    except OSError as error:
        raise Unreachable("tls", f"{config.ca_file} holds no certificates that can be used: {error}") from error


@dataclass(frozen=True, slots=True)
class _Question:
    """A request, and how much of the answer's body to read."""

    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]
    most: int


class _Exchange:
    """One request and its answer, run on a thread, given up from another."""

    def __init__(self, connection: http.client.HTTPConnection, question: _Question) -> None:
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


def _answer(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)


def _fail(future: asyncio.Future[Answer], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _unreachable(error: Exception) -> Unreachable:
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
