"""The section `probes` of `agent.yaml`: one entry a service that is looked at, told apart by `type`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from agent.config.address import parse_address, parse_url
from agent.config.limits import SHORTEST_INTERVAL, at_least
from agent.patterns import compile_pattern
from agent.probes.dns_message import encode_name
from core.config import Duration, Finding, Secret, Section, Size

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110: a header's name, a method
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


class HttpProbe(ProbeSection, kw_only=True, frozen=True):
    """An address of the web.

    Attributes:
        expect_status: empty means 200 to 299.
        expect_body, reject_body, expect_headers, expect_url: RE2 expressions; the last one for the whole address at
            which redirects end.
    """

    type: Literal["http"]
    url: str
    method: str = "GET"
    headers: dict[str, Secret] = {}
    body: str = ""
    username: str | None = None
    password: Secret | None = None
    bearer_token: Secret | None = None
    expect_status: list[int] = []
    expect_body: list[str] = []
    reject_body: list[str] = []
    expect_headers: dict[str, str] = {}
    expect_url: str | None = None
    follow_redirects: bool = True
    max_redirects: int = 10
    max_body: Size = Size(10 * 2**20)
    ip_version: Literal[4, 6] | None = None
    ca_file: Path | None = None
    server_name: str | None = None
    verify: bool = True

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        yield from address_of_web(self.url, "url")
        if not _TOKEN.fullmatch(self.method):
            yield Finding(("method",), f"{self.method!r} is no method of HTTP")
        yield from credentials(self.headers, self.username, self.password, self.bearer_token)
        for index, status in enumerate(self.expect_status):
            if not 100 <= status <= 599:
                yield Finding(("expect_status", index), f"{status} is no status of HTTP")
        yield from expressions(self.expect_body, "expect_body")
        yield from expressions(self.reject_body, "reject_body")
        for name, pattern in self.expect_headers.items():
            yield from _expression(pattern, ("expect_headers", name))
        if self.expect_url is not None:
            yield from _expression(self.expect_url, ("expect_url",))
        if not 0 <= self.max_redirects <= 50:
            yield Finding(("max_redirects",), f"must be from 0 to 50, not {self.max_redirects}")
        yield from body_limit(self.max_body)


class TcpProbe(TlsSection, kw_only=True, frozen=True):
    r"""A TCP service; `send` knows \r \n \t \0 \\ and \x00 to \xff, `expect` is an RE2 expression."""

    type: Literal["tcp"]
    tls: bool = False
    send: str = ""
    expect: str | None = None

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        yield from spoken(self.send)
        if self.expect is not None:
            yield from _expression(self.expect, ("expect",))


class TlsProbe(TlsSection, kw_only=True, frozen=True):
    """A TLS handshake and the certificates of the server."""

    type: Literal["tls"]
    default_port = 443


class IcmpProbe(ServiceSection, kw_only=True, frozen=True):
    """Echo requests: `packets` of them, `spacing` apart, `size` bytes of payload each."""

    type: Literal["icmp"]
    packets: int = 5
    spacing: Duration = Duration(0.2)
    size: int = 56
    default_port = 0

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        if not 1 <= self.packets <= 100:
            yield Finding(("packets",), f"must be from 1 to 100, not {self.packets}")
        if not 8 <= self.size <= 65_000:
            yield Finding(("size",), f"must be from 8 to 65000, not {self.size}")
        yield from at_least(self.spacing, Duration(0.01), "spacing")
        if (self.packets - 1) * self.spacing >= (self.timeout or 10):
            message = f"{self.packets} packets {self.spacing!r} apart do not fit into the timeout"
            yield Finding(("spacing",), message)


class DnsProbe(ServiceSection, kw_only=True, frozen=True):
    """A name server and a question; expectations are RE2 expressions over records as zone files write them."""

    type: Literal["dns"]
    query: str
    record: Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"] = "A"
    protocol: Literal["udp", "tcp"] = "udp"
    recursion: bool = True
    expect_rcode: Literal["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"] = "NOERROR"
    expect_answers: list[str] = []
    reject_answers: list[str] = []
    default_port = 53

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        try:
            encode_name(self.query)
        except ValueError as error:
            yield Finding(("query",), str(error))
        yield from expressions(self.expect_answers, "expect_answers")
        yield from expressions(self.reject_answers, "reject_answers")


class ExecProbe(ProbeSection, kw_only=True, frozen=True):
    """A program of the Nagios plugin interface; `command` is the program's path and its arguments, no shell."""

    type: Literal["exec"]
    command: list[str]
    environment: dict[str, Secret] = {}
    max_output: Size = Size(64 * 2**10)
    max_memory: Size = Size(2**30)

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        if not self.command or not self.command[0].startswith("/"):
            yield Finding(("command",), "must be a list that begins with the program's whole path: [/usr/bin/x, -a]")
        if any("\0" in word for word in (*self.command, *self.environment.values())):
            yield Finding(("command",), "must not have a zero byte")
        for name in self.environment:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                yield Finding(("environment", name), f"{name!r} is no name of an environment variable")
        if not 1024 <= self.max_output <= 16 * 2**20:
            yield Finding(("max_output",), "must be from 1KiB to 16MiB")
        if self.max_memory < 16 * 2**20:
            yield Finding(("max_memory",), "must be at least 16MiB")


class ScrapeProbe(ProbeSection, kw_only=True, frozen=True):
    """An endpoint of Prometheus' or OpenMetrics' text; `include` and `exclude` are whole names of metrics, in RE2."""

    type: Literal["scrape"]
    url: str
    headers: dict[str, Secret] = {}
    username: str | None = None
    password: Secret | None = None
    bearer_token: Secret | None = None
    include: list[str] = []
    exclude: list[str] = []
    honor_labels: bool = False
    max_series: int = 20_000
    max_body: Size = Size(10 * 2**20)
    ip_version: Literal[4, 6] | None = None
    ca_file: Path | None = None
    server_name: str | None = None
    verify: bool = True

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        yield from address_of_web(self.url, "url")
        yield from credentials(self.headers, self.username, self.password, self.bearer_token)
        yield from expressions(self.include, "include")
        yield from expressions(self.exclude, "exclude")
        yield from body_limit(self.max_body)
        if not 1 <= self.max_series <= 1_000_000:
            yield Finding(("max_series",), f"must be from 1 to 1000000, not {self.max_series}")


def expressions(patterns: list[str], key: str) -> Iterator[Finding]:
    """Findings about a list of RE2 expressions."""
    for index, pattern in enumerate(patterns):
        yield from _expression(pattern, (key, index))


def _expression(pattern: str, where: tuple[str | int, ...]) -> Iterator[Finding]:
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
        if not _TOKEN.fullmatch(name):
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


# What is looked at for a verdict: job `probe`. The others have jobs of their own.
CheckSection = HttpProbe | TcpProbe | TlsProbe | IcmpProbe | DnsProbe
AnyProbe = CheckSection | ExecProbe | ScrapeProbe
