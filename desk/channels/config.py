"""The `channels:` section of collector.yaml: who is told, and how.

channels:
  - {name: ops, type: webhook, url: https://hooks.example.org/ops}
  - {name: mail, type: email, smtp: mail.example.org:25, from: forewatch@example.org, to: [ops@example.org]}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from core.config import Duration, Finding, Secret, Section

LONGEST_TIMEOUT_SECONDS = 40  # below the lease of the outbox, so that nobody else begins meanwhile

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_ADDRESS = re.compile(r"[!-~]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_OWN_HEADERS = frozenset({"content-type", "content-length", "idempotency-key", "host", "transfer-encoding"})


class _ChannelSection(Section, kw_only=True, frozen=True):
    """What channels of every type have."""

    name: str
    timeout: Duration = Duration(10)

    def check(self) -> Iterable[Finding]:
        if _NAME.fullmatch(self.name) is None:
            yield Finding(("name",), "must be 1 to 63 of A-Z a-z 0-9 . _ - and begin with a letter or digit")
        if not 0 < self.timeout <= LONGEST_TIMEOUT_SECONDS:
            yield Finding(("timeout",), f"must be more than 0 and at most {LONGEST_TIMEOUT_SECONDS}s")


class WebhookConfig(_ChannelSection, kw_only=True, frozen=True):
    """An HTTP endpoint that takes Alertmanager's webhook; `headers` are sent along (a token, say)."""

    type: Literal["webhook"]
    url: str
    headers: dict[str, Secret] = {}

    def check(self) -> Iterable[Finding]:
        yield from super().check()
        if not _is_http_url(self.url):
            yield Finding(("url",), "must be an http:// or https:// address with a host")
        for header, value in self.headers.items():
            if _HEADER.fullmatch(header) is None or header.lower() in _OWN_HEADERS:
                yield Finding(("headers", header), "is no header that can be set here")
            if not (value.isascii() and value.isprintable()):
                yield Finding(("headers", header), "must be printable ASCII on one line")


class EmailConfig(_ChannelSection, kw_only=True, frozen=True):
    """Mail by SMTP.

    Attributes:
        smtp: HOST:PORT; an IPv6 address in brackets.
        starttls: encrypt after connecting (port 587 and 25); the server must offer it then.
        tls: encrypt from the first byte (port 465).
    """

    type: Literal["email"]
    smtp: str
    from_: str = msgspec.field(name="from")
    to: list[str]
    username: str | None = None
    password: Secret | None = None
    starttls: bool = False
    tls: bool = False

    def check(self) -> Iterable[Finding]:
        yield from super().check()
        try:
            host = host_and_port(self.smtp)[0]
        except ValueError as error:
            host = ""
            yield Finding(("smtp",), str(error))
        if not _is_address(parseaddr(self.from_)[1]) or not self.from_.isprintable():
            yield Finding(
                ("from",), "must be an address like forewatch@example.org or Forewatch <forewatch@example.org>"
            )
        if not self.to:
            yield Finding(("to",), "must name at least one address")
        for index, address in enumerate(self.to):
            if not _is_address(address):
                yield Finding(("to", index), "must be a plain address like ops@example.org")
        if self.starttls and self.tls:
            yield Finding(("tls",), "is for a port that is encrypted from the first byte; leave out starttls then")
        yield from self._check_login(host)

    def _check_login(self, host: str) -> Iterable[Finding]:
        if (self.username is None) != (self.password is None):
            yield Finding(("username",), "and password go together; give both or neither")
        elif self.password is not None and not (self.starttls or self.tls or _is_loopback(host)):
            yield Finding(
                ("password",), "would travel unencrypted; set starttls: true (port 587) or tls: true (port 465)"
            )


ChannelConfig = WebhookConfig | EmailConfig


def duplicate_names(channels: Sequence[ChannelConfig], *, key: str = "channels") -> Iterable[Finding]:
    """For the `check` of the section that holds the list under `key`: each name may be given once."""
    seen: set[str] = set()
    for index, channel in enumerate(channels):
        if channel.name in seen:
            yield Finding((key, index, "name"), f"{channel.name} names another channel already")
        seen.add(channel.name)


def host_and_port(text: str) -> tuple[str, int]:
    """The parts of HOST:PORT.

    Raises:
        ValueError: it is written differently.
    """
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise ValueError("must be HOST:PORT, like mail.example.org:25 or [::1]:25")
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("must be HOST:PORT and nothing else")
    return host, port


def _is_http_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and text.isprintable() and " " not in text
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    return (
        len(text) <= 254 and text.count("@") == 1 and not set(text) & set('<>,;:"()') and bool(_ADDRESS.fullmatch(text))
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
