"""Tokens of machines: made once, shown once, kept as a hash; looked up through a short-lived cache.

A token is `fw_` and 256 random bits, so one SHA-256 is enough to keep it by: there is nothing to guess.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass

from core.access import Principal

PREFIX = "fw_"
MAX_LENGTH = 512  # what is longer is no token of ours and is not even hashed

MAX_LIFETIME = dt.timedelta(days=36_500)
ENROL_LIFETIME = dt.timedelta(days=7)  # unless another expiry is asked for

CACHE_SECONDS = 30.0  # how long another process's revocation may go unnoticed
CACHE_SIZE = 50_000


def new_token() -> str:
    """A fresh secret; the prefix lets secret scanners and people recognise it."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a token or a session cookie: SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def credential(authorization: str | None) -> str | None:
    """The token of an Authorization header: bearer, or basic with the token as password; else None."""
    if authorization is None:
        return None
    scheme, _, rest = authorization.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return rest if 0 < len(rest) <= MAX_LENGTH else None
    if scheme.lower() != "basic":
        return None
    try:
        _, colon, password = base64.b64decode(rest, validate=True).decode("utf-8").partition(":")
    except (ValueError, binascii.Error):
        return None
    return password if colon and 0 < len(password) <= MAX_LENGTH else None


@dataclass(frozen=True, slots=True)
class _Entry:
    principal: Principal
    expires_at: dt.datetime | None
    checked_at: float


class TokenCache:
    """Principals of tokens that the database confirmed lately, by digest; the least recently used goes first.

    An entry holds for `CACHE_SECONDS`; expiry is checked on every look-up and `forget` takes effect at once:
    what was read from the database before it is not kept after it, which `generation` tells.
    """

    def __init__(self, size: int = CACHE_SIZE) -> None:
        self.generation = 0
        self._size = size
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, *, now: dt.datetime, monotonic: float) -> Principal | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        expired = entry.expires_at is not None and entry.expires_at <= now
        if expired or monotonic - entry.checked_at >= CACHE_SECONDS:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry.principal

    def put(
        self, key: str, principal: Principal, expires_at: dt.datetime | None, *, monotonic: float, generation: int
    ) -> None:
        """Keep a principal that was read while `generation` was the current one."""
        if generation != self.generation:
            return
        self._entries[key] = _Entry(principal, expires_at, monotonic)
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def forget(self, token_id: int) -> None:
        """Drop a token that was revoked."""
        self.generation += 1
        gone = [key for key, entry in self._entries.items() if entry.principal.id == token_id]
        for key in gone:
            del self._entries[key]
