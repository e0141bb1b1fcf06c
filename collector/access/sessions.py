"""Sessions of people: the cookie, its time-outs, and the check that a page of ours sent the request.

The cookie holds 256 random bits; the database keeps their hash. A browser sends the cookie with requests
that other sites make, so every request that may change something must come from our own origin:
`Sec-Fetch-Site` says so in today's browsers, `Origin` in older ones (the same rule as Go's
`http.CrossOriginProtection`). A client that sends neither is no browser and has no ambient cookie.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web

from collector.access.models import Session

IDLE = dt.timedelta(hours=8)
ABSOLUTE = dt.timedelta(days=7)

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_live(session: Session, now: dt.datetime, last_seen_at: dt.datetime | None = None) -> bool:
    """Whether neither time-out has passed; `last_seen_at` is newer knowledge than the row's, if any."""
    seen = max(session.last_seen_at, last_seen_at) if last_seen_at else session.last_seen_at
    return now < session.expires_at and now - seen < IDLE


def cross_origin(method: str, headers: Mapping[str, str], host: str, own_origins: frozenset[str]) -> str | None:
    """Why an unsafe request is taken for another site's doing, or None when it is not.

    `host` is the Host header with its port; `own_origins` are the origins under which the console is also
    reached, such as the external URL's.
    """
    if method in _SAFE:
        return None
    origin = headers.get("Origin")
    if origin is not None and origin in own_origins:
        return None
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return None if site in ("same-origin", "none") else f"Sec-Fetch-Site is {site[:20]}"
    if origin is None or _authority(origin) == host.lower():
        return None
    return "Origin is another site"


def _authority(origin: str) -> str | None:
    """Host and port of an origin; None when it is no URL."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


class Cookie:
    """The session cookie; under TLS its name has the `__Host-` prefix, which no other host can set."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self.name = "__Host-forewatch" if secure else "forewatch"

    def read(self, request: web.Request) -> str | None:
        value = request.cookies.get(self.name)
        return value if value and len(value) <= 128 else None

    def set(self, response: web.StreamResponse, secret: str) -> None:
        response.set_cookie(self.name, secret, path="/", httponly=True, samesite="Lax", secure=self._secure)

    def clear(self, response: web.StreamResponse) -> None:
        response.del_cookie(self.name, path="/", httponly=True, samesite="Lax", secure=self._secure)
