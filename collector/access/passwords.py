"""Passwords of people: argon2id with the library's parameters (RFC 9106, low memory), hashed off the event loop.

Hashing takes 64 MiB and tens of milliseconds on purpose, so only a few run at a time.
"""

from __future__ import annotations

import asyncio
import functools

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 10
MAX_LENGTH = 256  # longer ones only cost us time

_AT_ONCE = 2


class Passwords:
    """Hashes and checks passwords in threads, at most two at a time."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        """The encoded argon2 hash, parameters and salt included."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether `password` is the one hashed; None, for nobody's account, takes as long and is False."""
        async with self._slots:
            return await asyncio.to_thread(self._verify, encoded, password)

    def outdated(self, encoded: str) -> bool:
        """Whether the hash was made with weaker parameters than today's and should be made anew."""
        return self._hasher.check_needs_rehash(encoded)

    def _verify(self, encoded: str | None, password: str) -> bool:
        try:
            matches = self._hasher.verify(encoded or self._nobody, password[:MAX_LENGTH])
        except (VerificationError, InvalidHashError):
            return False
        return matches and encoded is not None

    @functools.cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("the password of no account")


def weakness(name: str, password: str) -> str | None:
    """Why a new password is refused, in words for the one who chose it; None when it is good enough."""
    if len(password) < MIN_LENGTH:
        return f"must have at least {MIN_LENGTH} characters"
    if len(password) > MAX_LENGTH:
        return f"must have at most {MAX_LENGTH} characters"
    if password.casefold() == name.casefold() or len(set(password)) < 5:
        return "is too easy to guess; choose one with more different characters that is not the name"
    return None
