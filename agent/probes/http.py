"""HTTP and HTTPS: status, content, headers, redirects, every phase timed, blackbox_exporter's names.

One connection a request and HTTP/1.1: what is measured is what a visitor without a warm connection meets.
"""

from __future__ import annotations

import base64
import email.utils
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, urljoin, urlsplit

from agent import patterns
from agent.probes import families
from agent.probes.certificates import Trust
from agent.probes.check import CheckFailed, Failure, Findings
from agent.probes.http_wire import Response, read_response
from agent.probes.wire import Endpoint, connected

_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """What is asked and what is expected.

    Attributes:
        headers: sent along, a credential among them; to the origin of `url` only.
        expect_status: statuses that are right; none means 200 to 299.
        expect_body, reject_body: patterns that must all be, or must not be, in the body.
        expect_headers: patterns by header name; a header that is missing is wrong.
        expect_url: a pattern for the whole address at which redirects end.
        max_body: of a body, compressed and uncompressed; a larger one is a failure.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    expect_status: frozenset[int] = frozenset()
    expect_body: tuple[str, ...] = ()
    reject_body: tuple[str, ...] = ()
    expect_headers: tuple[tuple[str, str], ...] = ()
    expect_url: str | None = None
    follow_redirects: bool = True
    max_redirects: int = 10
    max_body: int = 10 * 2**20
    ip_version: int | None = None
    trust: Trust = field(default_factory=Trust)


def basic(username: str, password: str) -> str:
    """The value of `Authorization` (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class HttpCheck:
    """Asks for one address and follows where it leads."""

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings

    async def run(self, found: Findings) -> None:
        for phase in ("resolve", "connect", "tls", "processing", "transfer"):
            found.note(families.HTTP_PHASES, 0, phase=phase)
        found.note(families.REGEX, 0)
        url, response = await fetch(self._settings, found)
        self._judge(url, response, found)

    def _judge(self, url: str, response: Response, found: Findings) -> None:
        settings = self._settings
        right = settings.expect_status
        if response.status not in right if right else not 200 <= response.status <= 299:
            raise CheckFailed(Failure.STATUS, f"the status is {response.status}")
        if settings.expect_url is not None and not patterns.is_whole(settings.expect_url, url):
            reason = f"it ends at {url!r}; `expect_url`, for the whole address, is {settings.expect_url!r}"
            raise CheckFailed(Failure.REDIRECT, reason)
        wrong = _wrong_content(settings, response)
        if wrong is not None:
            found.note(families.REGEX, 1)
            raise CheckFailed(Failure.CONTENT, wrong)


def _wrong_content(settings: HttpSettings, response: Response) -> str | None:
    for pattern in settings.expect_body:
        if not patterns.found(pattern, response.body):
            return f"the body has nothing like {pattern!r}"
    for pattern in settings.reject_body:
        if patterns.found(pattern, response.body):
            return f"the body has something like {pattern!r}"
    for name, pattern in settings.expect_headers:
        values = [value for key, value in response.headers if key == name.lower()]
        if not any(patterns.found(pattern, value.encode()) for value in values):
            return f"the header {name} is {values!r}, not like {pattern!r}"
    return None


async def fetch(settings: HttpSettings, found: Findings) -> tuple[str, Response]:
    """The address at which redirects ended, and what is there.

    Raises:
        CheckFailed, OSError: there is no answer, or too many redirects.
    """
    first = urlsplit(settings.url)
    url, redirects = settings.url, 0
    while True:
        found.note(families.HTTP_REDIRECTS, redirects)
        parts = _split(url)
        same = (parts.scheme, parts.hostname, parts.port) == (first.scheme, first.hostname, first.port)
        response = await _ask(settings if same else replace(settings, headers=()), parts, found)
        location = response.header("location")
        if not settings.follow_redirects or response.status not in _REDIRECTS or location is None:
            return url, response
        if redirects >= settings.max_redirects:
            raise CheckFailed(Failure.REDIRECT, f"more than {settings.max_redirects} redirects")
        redirects += 1
        url = _join(url, location)
        if response.status == 303 or (response.status in (301, 302) and settings.method == "POST"):
            settings = replace(settings, method="GET", body=b"")


def _join(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise CheckFailed(Failure.REDIRECT, f"redirected to {location[:200]!r}: {error}") from error


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError as error:
        raise CheckFailed(Failure.REDIRECT, f"redirected to {url[:200]!r}: {error}") from error
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise CheckFailed(Failure.REDIRECT, f"redirected to {url[:200]!r}, which is no http or https address")
    return parts


async def _ask(settings: HttpSettings, url: SplitResult, found: Findings) -> Response:
    secure = url.scheme == "https"
    found.note(families.HTTP_SSL, secure)
    port = url.port or (443 if secure else 80)
    endpoint = Endpoint(url.hostname or "", port, settings.ip_version, settings.trust if secure else None)
    async with connected(endpoint, found, families.HTTP_PHASES) as wire:
        with found.timed(families.HTTP_PHASES, phase="processing"):
            await wire.send(_request(settings, url))
            head = await read_response(wire, settings.method)
        _note_head(found, head)
        with found.timed(families.HTTP_PHASES, phase="transfer"):
            response = await head.read(wire, settings.max_body)
        found.note(families.HTTP_BODY, len(response.body))
    return response


def _note_head(found: Findings, head: Response) -> None:
    found.note(families.HTTP_STATUS, head.status)
    found.note(families.HTTP_VERSION, head.version)
    found.note(families.HTTP_LENGTH, -1 if head.length is None else head.length)
    modified = head.header("last-modified")
    if modified is not None:
        try:
            found.note(families.HTTP_MODIFIED, email.utils.parsedate_to_datetime(modified).timestamp())
        except (ValueError, OverflowError):
            return  # a header that says nothing


def _request(settings: HttpSettings, url: SplitResult) -> bytes:
    host = url.netloc.rpartition("@")[2]
    headers = {"host": host, "user-agent": "Forewatch", "accept": "*/*", "connection": "close"}
    headers |= {name.lower(): value for name, value in settings.headers}
    if settings.body or settings.method in ("POST", "PUT", "PATCH"):
        headers["content-length"] = str(len(settings.body))
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    lines = [f"{settings.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + settings.body
