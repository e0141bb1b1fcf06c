"""HTTP to the long-term store: credentials, certificates, and no more of an answer than was allowed for."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from collector.long_term.config import LongTermConfig
from core.errors import ConfigError, Fault

LONGEST_EXCERPT = 300
_CONNECT_SECONDS = 10.0
_CONNECTIONS = 8


class Unreachable(Exception):  # noqa: N818 - says what the store is
    """No usable answer came; the message says why, the reason in one word for the log and metrics."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Answer(NamedTuple):
    """An HTTP answer; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def excerpt(self) -> str:
        """The beginning of the body, fit for a log."""
        text = self.body[: 4 * LONGEST_EXCERPT].decode("utf-8", "replace")
        return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:LONGEST_EXCERPT]


def ca_context(ca_file: Path | None) -> ssl.SSLContext:
    """Checks certificates against the file's authorities, or the system's.

    Raises:
        ConfigError: the file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # an SSLError is one, too
        why = error.strerror or str(error)
        raise ConfigError([Fault(str(ca_file), 0, f"long_term.ca_file cannot be used: {why}")]) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class StoreClient:
    """Asks the store; to be made within a running loop.

    Raises:
        ConfigError: the certificates cannot be used.
    """

    def __init__(self, config: LongTermConfig) -> None:
        self._headers = config.request_headers()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=ca_context(config.ca_file)),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    async def post(
        self, url: str, data: bytes | Mapping[str, str], headers: Mapping[str, str], *, seconds: float, most_bytes: int
    ) -> Answer:
        """The answer; redirects are not followed, since nobody configured where they lead.

        `data` is a body, or the fields of a form; all of it may take `seconds`. Of a good answer `most_bytes` are
        taken, of an error only the beginning is read.

        Raises:
            Unreachable: none came in time, or it is too large.
        """
        return await self._request("POST", url, headers, seconds, most_bytes, data=data)

    async def get(self, url: str, parameters: Sequence[tuple[str, str]], *, seconds: float, most_bytes: int) -> Answer:
        """As `post`, for what Prometheus' API takes by GET only.

        Raises:
            Unreachable: none came in time, or it is too large.
        """
        return await self._request("GET", url, {}, seconds, most_bytes, params=parameters)

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], seconds: float, most_bytes: int, **what: Any
    ) -> Answer:
        timeout = aiohttp.ClientTimeout(total=seconds, connect=min(seconds, _CONNECT_SECONDS))
        sent = {"Accept-Encoding": "identity", "User-Agent": "forewatch", **self._headers, **headers}
        try:
            async with self._session.request(
                method, url, headers=sent, timeout=timeout, allow_redirects=False, **what
            ) as response:
                return await _read(response, most_bytes)
        except TimeoutError as error:
            raise Unreachable("timeout", f"no answer within {seconds:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(type(error).__name__, f"cannot be reached: {str(error)[:LONGEST_EXCERPT]}") from error

    async def close(self) -> None:
        await self._session.close()


async def _read(response: aiohttp.ClientResponse, most_bytes: int) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if not 200 <= response.status < 300:
        return Answer(response.status, headers, await response.content.read(4 * LONGEST_EXCERPT))
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Unreachable("encoding", "the answer is compressed, which was not asked for")
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > most_bytes:
            raise Unreachable("too_large", f"the answer is larger than {most_bytes} bytes")
    return Answer(response.status, headers, bytes(body))
