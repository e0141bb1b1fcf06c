"""What the sections of `probes` have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from agent.config.address import parse_address, parse_url
from agent.config.limits import SHORTEST_INTERVAL, at_least
from agent.patterns import compile_pattern
from core.config import Duration, Finding, Secret, Section, Size

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110: a header's name, a method
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|[rnt0\\])")


class ProbeSection(Section, kw_only=True, frozen=True):
    """What every probe has.

    Attributes:
        name: its `instance`.
        interval: None takes the default of the file.
        timeout: for the whole of one look; None takes 10 s, or nearly the interval when that is shorter.
    """

    name: str
    interval: Duration | None = None
    timeout: Duration | None = None

    def check(self) -> Iterator[Finding]:
        if not self.name.strip() or not self.name.isprintable() or len(self.name) > 200:
            yield Finding(("name",), "must be printable text of 1 to 200 characters")
        yield from at_least(self.interval, SHORTEST_INTERVAL, "interval")
        yield from at_least(self.timeout, Duration(0.1), "timeout")


class ServiceSection(ProbeSection, kw_only=True, frozen=True):
    """A service at `HOST:PORT`; `default_port` None demands a port."""

    target: str
    ip_version: Literal[4, 6] | None = None
    default_port: ClassVar[int | None] = None

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        try:
            _, port = parse_address(self.target, default_port=-1 if self.default_port is None else self.default_port)
            if port < 0:
                yield Finding(("target",), f"{self.target!r} has no port; write one like {self.target}:8080")
        except ValueError as error:
            yield Finding(("target",), str(error))


class TlsSection(ServiceSection, kw_only=True, frozen=True):
    """A service whose certificate is judged.

    Attributes:
        ca_file: PEM certificates to trust instead of the system's.
        server_name: the name that the certificate must be for, and that is sent; None takes the target's.
        verify: false takes any certificate.
    """

    ca_file: Path | None = None
    server_name: str | None = None
    verify: bool = True


def expressions(patterns: list[str], key: str) -> Iterator[Finding]:
    """Findings about a list of RE2 expressions."""
    for index, pattern in enumerate(patterns):
        yield from expression(pattern, (key, index))


def expression(pattern: str, where: tuple[str | int, ...]) -> Iterator[Finding]:
    """A finding when it is no RE2 expression."""
    try:
        compile_pattern(pattern)
    except ValueError as error:
        yield Finding(where, str(error))


def address_of_web(url: str, key: str) -> Iterator[Finding]:
    """A finding when it is no http or https address."""
    try:
        parse_url(url.partition("?")[0])
        if not url.isascii() or not url.isprintable() or " " in url:
            yield Finding((key,), "must be ASCII without spaces; write other characters as %XX")
    except ValueError as error:
        yield Finding((key,), str(error))


def credentials(
    headers: dict[str, Secret], username: str | None, password: Secret | None, bearer_token: Secret | None
) -> Iterator[Finding]:
    """Findings about what is sent along with a request."""
    for name, value in headers.items():
        if not TOKEN.fullmatch(name):
            yield Finding(("headers", name), f"{name!r} is no name of a header")
        elif any(char in value for char in "\r\n\0"):
            yield Finding(("headers", name), "has a line break in its value")
    if (username is None) != (password is None):
        yield Finding(("username",), "username and password go together")
    if bearer_token is not None and (username is not None or not bearer_token.isprintable()):
        yield Finding(("bearer_token",), "must be one printable line, and not beside a username")


def body_limit(size: Size) -> Iterator[Finding]:
    """A finding when so much must not, or nothing could, be read."""
    if not 1024 <= size <= 256 * 2**20:
        yield Finding(("max_body",), "must be from 1KiB to 256MiB")


def spoken(text: str) -> Iterable[Finding]:
    """A finding when an escape in what is to be sent is none."""
    rest = _ESCAPE.sub("", text)
    return [Finding(("send",), r"a backslash begins \r, \n, \t, \0, \\ or \x and two digits")] if "\\" in rest else []


def unescape(text: str) -> bytes:
    r"""The bytes that `send` means: `PING\r\n`, `\x00\x01`; other text as UTF-8."""
    simple = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
    pieces = _ESCAPE.split(text)
    texts, escapes = pieces[::2], pieces[1::2]
    sent = texts[0].encode()
    for escape, following in zip(escapes, texts[1:], strict=True):
        sent += simple.get(escape) or bytes([int(escape[1:], 16)])
        sent += following.encode()
    return sent
