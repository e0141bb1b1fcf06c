"""What the handlers of access share, under one key of the application."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from collector.access.authenticator import Authenticator
from collector.access.last_used import LastUsed
from collector.access.metrics import AccessMetrics
from collector.access.passwords import Passwords
from collector.access.sessions import Cookie
from collector.access.throttle import ACCOUNT, ADDRESS, Throttle
from core.clock import Clock
from core.database import Database


@dataclass(frozen=True)
class Access:
    """The collaborators of access control; one per application."""

    authenticator: Authenticator
    metrics: AccessMetrics
    cookie: Cookie
    last_used: LastUsed
    passwords: Passwords = field(default_factory=Passwords)
    accounts: Throttle = field(default_factory=lambda: Throttle(ACCOUNT))
    addresses: Throttle = field(default_factory=lambda: Throttle(ADDRESS))


ACCESS: web.AppKey[Access] = web.AppKey("access", Access)


def make_access(
    database: Database, clock: Clock, metrics: AccessMetrics, *, secure: bool, passwords: Passwords | None = None
) -> Access:
    """Access control over one database; `secure` when people reach the console by https."""
    cookie, last_used = Cookie(secure=secure), LastUsed(database)
    authenticator = Authenticator(database, clock, metrics, cookie, last_used)
    return Access(authenticator, metrics, cookie, last_used, passwords or Passwords())
