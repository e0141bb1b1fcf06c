"""The agent's HTTP client: one request in flight to one collector, over a connection that is kept.

http.client on a thread of its own (`agent.worker`) rather than an asyncio client: an agent posts a few requests a
minute, and this way costs 12 MB less of resident memory. Proxy settings of the environment are not looked at,
redirects not followed.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import ssl
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from importlib import metadata

from agent.config import CollectorConfig, parse_url
from agent.exchange import Answer, Exchange, Question, Unreachable, unreachable
from agent.worker import Worker

__all__ = ["Answer", "CollectorClient", "Unreachable", "trust", "version"]

_LARGEST_ANSWER = 64 * 2**10


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
        return await self._exchange(Question("POST", path, body, headers, _LARGEST_ANSWER))

    async def get(self, path: str, headers: Mapping[str, str], *, most: int) -> Answer:
        """Get `path` below the collector's URL, at most `most` bytes of it; otherwise as `post`."""
        return await self._exchange(Question("GET", path, None, headers, most))

    async def _exchange(self, question: Question) -> Answer:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()
        sent = {"User-Agent": f"forewatch-agent/{version()}", **self._authorization(), **question.headers}
        (connection, worker), self._idle = self._idle or (self._connect(), Worker("collector")), None
        exchange = Exchange(connection, replace(question, path=self._root + question.path, headers=sent))

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
            raise unreachable(error) from error
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


def _answer(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)


def _fail(future: asyncio.Future[Answer], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
