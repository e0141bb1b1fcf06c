"""From a request's credential to a principal: tokens by header, people by session cookie."""

from __future__ import annotations

import datetime as dt
import enum

from aiohttp import web

from collector.access import store
from collector.access.client import throttled_as
from collector.access.last_used import LastUsed
from collector.access.metrics import AccessMetrics
from collector.access.models import Token, User
from collector.access.roles import Role, permissions_of
from collector.access.sessions import Cookie, is_live
from collector.access.throttle import TOKEN, TOKEN_ADDRESS, Throttle
from collector.access.tokens import TokenCache, credential, digest
from core.access import ANONYMOUS, Principal
from core.clock import Clock, to_datetime
from core.database import Database
from core.errors import Overloaded


class Refusal(enum.StrEnum):
    """Why a request was not let in."""

    ANONYMOUS = "anonymous"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    USED = "used"
    DISABLED = "disabled"
    THROTTLED = "throttled"
    FORBIDDEN = "forbidden"
    CROSS_ORIGIN = "cross_origin"


class Refused(Exception):  # noqa: N818 - reads as the reason in a raise
    """A credential was given and does not count."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason = reason


def judge(token: Token | None, now: dt.datetime) -> Refusal | None:
    """Why a token does not count at `now`; None when it does."""
    if token is None:
        return Refusal.UNKNOWN
    if token.revoked_at is not None:
        return Refusal.REVOKED
    if token.used_at is not None:
        return Refusal.USED
    if token.expires_at is not None and token.expires_at <= now:
        return Refusal.EXPIRED
    return None


class Authenticator:
    """Who is asking. Tokens are answered from a cache for some seconds; sessions are read each time."""

    def __init__(
        self, database: Database, clock: Clock, metrics: AccessMetrics, cookie: Cookie, last_used: LastUsed
    ) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._cached, self._looked_up = (metrics.token_lookups.labels(where) for where in ("cache", "database"))
        self._cookie = cookie
        self._last_used = last_used
        self._cache = TokenCache()
        self._tokens = Throttle(TOKEN)
        self._addresses = Throttle(TOKEN_ADDRESS)

    async def principal(self, request: web.Request, client: str) -> Principal:
        """The principal of a request; `ANONYMOUS` when it carries no credential.

        Raises:
            Refused: it carries one that does not count.
            Overloaded: too many wrong ones came from this address.
            StorageError: the database could not be asked.
        """
        header = request.headers.get("Authorization")
        if header is not None:
            secret = credential(header)
            if secret is None:
                raise Refused(Refusal.MALFORMED)
            return await self._by_token(digest(secret), client)
        cookie = self._cookie.read(request)
        return ANONYMOUS if cookie is None else await self._by_session(digest(cookie))

    @staticmethod
    def person(user: User) -> Principal:
        """The principal of an account."""
        return Principal("user", user.name, user.role, permissions_of(user.role), user.id)

    def forget_token(self, token_id: int) -> None:
        """A token was revoked or spent: it counts no longer, from now on."""
        self._cache.forget(token_id)

    async def _by_token(self, key: str, client: str) -> Principal:
        now, monotonic = to_datetime(self._clock.now_ms()), self._clock.monotonic()
        principal = self._cache.get(key, now=now, monotonic=monotonic)
        (self._looked_up if principal is None else self._cached).inc()
        if principal is None:
            principal = await self._look_up(key, client, now, monotonic)
        if principal.id is not None:
            self._last_used.token(principal.id, now)
        return principal

    async def _look_up(self, key: str, client: str, now: dt.datetime, monotonic: float) -> Principal:
        address = (throttled_as(client),)
        pair = (*address, key[:16])
        wait = max(self._tokens.wait_seconds(pair, monotonic), self._addresses.wait_seconds(address, monotonic))
        if wait > 0:
            self._metrics.refused.labels(Refusal.THROTTLED).inc()
            raise Overloaded("too many wrong tokens from this address", retry_after_seconds=wait)
        generation = self._cache.generation
        async with self._database.read() as session:
            token = await store.find_token(session, key)
        refusal = judge(token, now)
        if token is None or refusal is not None:
            self._tokens.charge(pair, monotonic)
            self._addresses.charge(address, monotonic)
            raise Refused(refusal or Refusal.UNKNOWN)
        kind = "agent" if token.role == Role.AGENT else "token"
        principal = Principal(kind, token.name, token.role, permissions_of(token.role), token.id)
        if token.role != Role.ENROL:  # spent once, so never kept
            self._cache.put(key, principal, token.expires_at, monotonic=monotonic, generation=generation)
        return principal

    async def _by_session(self, key: str) -> Principal:
        now = to_datetime(self._clock.now_ms())
        async with self._database.read() as session:
            found = await store.find_session(session, key)
        if found is None:
            raise Refused(Refusal.UNKNOWN)
        browser, user = found
        if user.disabled:
            raise Refused(Refusal.DISABLED)
        if not is_live(browser, now, self._last_used.session_seen(browser.id)):
            raise Refused(Refusal.EXPIRED)
        self._last_used.session(browser.id, now)
        return self.person(user)
