"""Keys from passwords: RFC 3414 appendix A.2, RFC 7860 section 9, and the drafts that stretch them for longer AES."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from agent.snmp.user import AuthProtocol, PrivProtocol, User

_HASHES = {AuthProtocol.SHA: "sha1"} | {one: str(one) for one in AuthProtocol if one is not AuthProtocol.SHA}
_PRIV_KEY_OCTETS = {
    PrivProtocol.DES: 16,
    PrivProtocol.AES128: 16,
    PrivProtocol.AES192: 24,
    PrivProtocol.AES256: 32,
    PrivProtocol.AES192_CISCO: 24,
    PrivProtocol.AES256_CISCO: 32,
}
_REEDER = (PrivProtocol.AES192_CISCO, PrivProtocol.AES256_CISCO)
_MEGABYTE = 2**20


def hash_name(protocol: AuthProtocol) -> str:
    """What hashlib calls it."""
    return _HASHES[protocol]


def auth_key(user: User, engine_id: bytes) -> bytes:
    """The key that signs the user's messages to this engine; empty without authentication."""
    if user.auth is None:
        return b""
    return _localized(user.auth, user.auth_password.encode(), engine_id)


def priv_key(user: User, engine_id: bytes) -> bytes:
    """The key that encrypts the user's messages to this engine; empty without privacy."""
    if user.auth is None or user.priv is None:
        return b""
    wanted = _PRIV_KEY_OCTETS[user.priv]
    key = last = _localized(user.auth, user.priv_password.encode(), engine_id)
    while len(key) < wanted:
        last = _localized(user.auth, last, engine_id) if user.priv in _REEDER else _hash(user.auth, key)
        key += last
    return key[:wanted]


@lru_cache(maxsize=256)
def _master(protocol: AuthProtocol, password: bytes) -> bytes:
    """A hash of one megabyte: many devices share a user, and it takes milliseconds."""
    return _hash(protocol, (password * (_MEGABYTE // len(password) + 1))[:_MEGABYTE])


def _localized(protocol: AuthProtocol, password: bytes, engine_id: bytes) -> bytes:
    master = _master(protocol, password)
    return _hash(protocol, master + engine_id + master)


def _hash(protocol: AuthProtocol, data: bytes) -> bytes:
    return hashlib.new(_HASHES[protocol], data, usedforsecurity=False).digest()  # FIPS builds would refuse MD5
