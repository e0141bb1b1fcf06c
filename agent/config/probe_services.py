"""Sections of `probes` about servers of mail, files and data, and about plugins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from agent.config.probe_base import ProbeSection, ServiceSection, TlsSection, expression
from core.config import Finding, Secret, Size

# The usual port, and the one on which TLS is spoken from the first byte.
_GREETING_PORTS = {"smtp": (25, 465), "imap": (143, 993), "pop3": (110, 995), "ftp": (21, 990), "ssh": (22, 22)}


class GreetingProbe(TlsSection, kw_only=True, frozen=True):
    """A server that speaks first; `starttls` begins TLS within the connection."""

    type: Literal["smtp", "imap", "pop3", "ftp", "ssh"]
    tls: bool = False
    starttls: bool = False
    expect: str | None = None

    @property
    def default_port(self) -> int:  # type: ignore[override]
        """The protocol's usual port."""
        return _GREETING_PORTS[self.type][self.tls]

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        if self.tls and self.starttls:
            yield Finding(("starttls",), "tls is given too; keep one of them")
        if self.type == "ssh" and (self.tls or self.starttls):
            yield Finding(("tls" if self.tls else "starttls",), "SSH has its own encryption")
        if self.expect is not None:
            yield from expression(self.expect, ("expect",))


class PostgresqlProbe(TlsSection, kw_only=True, frozen=True):
    """A PostgreSQL server, without a login; `tls` demands TLS."""

    type: Literal["postgresql"]
    tls: bool = False
    user: str = "forewatch"
    database: str = "postgres"
    default_port = 5432

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        for key in ("user", "database"):
            if not 1 <= len(getattr(self, key)) <= 200 or "\0" in getattr(self, key):
                yield Finding((key,), "must be text of 1 to 200 characters")


class MysqlProbe(ServiceSection, kw_only=True, frozen=True):
    """A MySQL or MariaDB server, without a login."""

    type: Literal["mysql"]
    default_port = 3306


class RedisProbe(TlsSection, kw_only=True, frozen=True):
    """A Redis server; without a password it only has to answer."""

    type: Literal["redis"]
    tls: bool = False
    username: str | None = None
    password: Secret | None = None
    default_port = 6379

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        if self.username is not None and self.password is None:
            yield Finding(("username",), "needs a password")


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
