"""The `long_term:` section of collector.yaml: VictoriaMetrics, Mimir or Prometheus for what the rings do not reach.

long_term:
  write_url: https://metrics.example.org/api/v1/write
  query_url: https://metrics.example.org
  token_file: metrics.token
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from core.config import Duration, Finding, Secret, Section, Size

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OWN_HEADERS = frozenset({
    "accept-encoding", "authorization", "connection", "content-encoding", "content-length", "content-type", "host",
    "transfer-encoding", "x-prometheus-remote-write-version",
})  # fmt: skip
_HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104 - told apart, not listened on
_DAY = 86_400
_SMALLEST_SPOOL = 1 << 20


class LongTermConfig(Section, frozen=True, kw_only=True):
    """Where samples are forwarded to, where older ones are asked for, and how.

    Attributes:
        write_url: takes Prometheus remote write 1.0; None forwards nothing.
        query_url: what `/api/v1/query` is appended to; None leaves every query to the rings.
        headers: sent along with every request, such as Mimir's `X-Scope-OrgID`.
        ca_file: PEM certificates of the authorities that the store's is checked against, instead of the system's.
        timeout: of one request.
        spool_size: bytes on disk that wait for the store at most.
        spool_age: samples that wait longer are given up.
        query_after: queries that need samples older than this are answered by the store. The rings have every sample
            of half an hour where one comes each 15 s; of the time before, one per five minutes.
        answer_size: bytes of an answer of the store at most.
    """

    write_url: str | None = None
    query_url: str | None = None
    token: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    headers: dict[str, Secret] = {}
    ca_file: Path | None = None
    timeout: Duration = Duration(30)
    spool_size: Size = Size(2 << 30)
    spool_age: Duration = Duration(2 * _DAY)
    query_after: Duration = Duration(1800)
    answer_size: Size = Size(32 << 20)

    def check(self) -> Iterator[Finding]:
        if self.write_url is None and self.query_url is None:
            yield Finding((), "needs a write_url, a query_url or both; leave the section out for neither")
        for key in ("write_url", "query_url"):
            why = _wrong_url(getattr(self, key))
            if why is not None:
                yield Finding((key,), why)
        yield from self._check_credentials()
        yield from self._check_bounds()

    def _check_credentials(self) -> Iterator[Finding]:
        if (self.username is None) != (self.password is None):
            yield Finding(("username",), "and password go together; give both or neither")
        if self.token is not None and self.username is not None:
            yield Finding(("token",), "and username are two ways to log in; give one of them")
        if self.username is not None and ":" in self.username:
            yield Finding(("username",), "must not have a colon")
        for key, secret in (("token", self.token), ("password", self.password)):
            if secret is not None and not (secret and secret.isprintable() and (key == "password" or secret.isascii())):
                yield Finding((key,), "must be text on one line")
        for header, value in self.headers.items():
            if _HEADER.fullmatch(header) is None or header.lower() in _OWN_HEADERS:
                yield Finding(("headers", header), "is no header that can be set here")
            if not (value.isascii() and value.isprintable()):
                yield Finding(("headers", header), "must be printable ASCII on one line")

    def _check_bounds(self) -> Iterator[Finding]:
        if not 1 <= self.timeout <= 300:
            yield Finding(("timeout",), "must be from 1s to 5m")
        if self.spool_size < _SMALLEST_SPOOL:
            yield Finding(("spool_size",), "must be at least 1MiB")
        if self.spool_age < 60:
            yield Finding(("spool_age",), "must be at least 1m")
        if not 300 <= self.query_after <= 2 * _DAY:
            yield Finding(("query_after",), "must be from 5m to 2d: the rings reach no further")
        if self.answer_size < 1 << 16:
            yield Finding(("answer_size",), "must be at least 64KiB")

    def check_not_own(self, listen: str, external_url: str | None) -> Iterator[Finding]:
        """For the whole file's `check`: samples that are forwarded to this very collector would go round for ever."""
        own = {_place(f"http://{listen}"), _place(external_url or "")}
        for key in ("write_url", "query_url"):
            if getattr(self, key) is not None and _place(getattr(self, key)) in own:
                yield Finding(("long_term", key), "leads to this collector itself")

    def request_headers(self) -> dict[str, str]:
        """What every request to the store carries."""
        headers = {str(header): str(value) for header, value in self.headers.items()}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token!s}"
        elif self.username is not None:
            pair = f"{self.username}:{self.password!s}".encode()
            headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        return headers


def _place(url: str) -> tuple[str, int | None] | None:
    """Host and port, loopback by one name; None when the text is no URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    if host is None:
        return ("loopback", port) if parts.netloc else None
    return ("loopback" if host in _HERE else host, port)


def _wrong_url(text: str | None) -> str | None:
    """Why the text is no address of a store; None when it is one."""
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not text.isprintable() or " " in text:
        return "must be an http:// or https:// address with a host"
    if parts.username is not None or parts.password is not None:
        return "must not hold credentials; give token, or username and password"
    return "must end with the path" if parts.query or parts.fragment else None
