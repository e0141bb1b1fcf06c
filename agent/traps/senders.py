"""Users of version 3 at engines that send traps: the sender's engine is the authority, so keys are made for its id.

The id comes with the trap. It is believed when the message is signed with the key that the user's password makes
for it (RFC 3414 section 2.6), which nobody can do who does not know the password; so no id has to be configured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.proto.error import StatusInformation
from pysnmp.proto.rfc1902 import OctetString

from agent.traps.peek import Usm
from agent.traps.wire import Sender

MOST_KNOWN = 10_000  # engines; only those that signed rightly count

_AUTH = {
    None: config.USM_AUTH_NONE,
    "md5": config.USM_AUTH_HMAC96_MD5,
    "sha": config.USM_AUTH_HMAC96_SHA,
    "sha224": config.USM_AUTH_HMAC128_SHA224,
    "sha256": config.USM_AUTH_HMAC192_SHA256,
    "sha384": config.USM_AUTH_HMAC256_SHA384,
    "sha512": config.USM_AUTH_HMAC384_SHA512,
}
_PRIV = {
    None: config.USM_PRIV_NONE,
    "des": config.USM_PRIV_CBC56_DES,
    "aes128": config.USM_PRIV_CFB128_AES,
    "aes192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "aes256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    "aes192-cisco": config.USM_PRIV_CFB192_AES,
    "aes256-cisco": config.USM_PRIV_CFB256_AES,
}


@dataclass(frozen=True, slots=True)
class _Keys:
    """A user's protocols, and the master keys made of the passwords, which takes a megabyte of hashing each."""

    sender: Sender
    auth: Any
    auth_key: Any
    priv: Any
    priv_key: Any


class Senders:
    """The users that may send; knows for which engines `engine` has their keys."""

    def __init__(self, engine: SnmpEngine, senders: list[Sender]) -> None:
        self._engine = engine
        self._keys = {one.name.encode(): _keys(one) for one in senders}
        self._known: set[tuple[bytes, bytes]] = set()
        for name, keys in self._keys.items():
            self._add(name, keys, None)  # at our own engine, which is the authority for informs
            if keys.sender.auth is None:  # without keys one entry does for all engines
                self._add(name, keys, engine.security_models[3].wildcard_security_engine_id)

    def least_level(self, user: bytes) -> int | None:
        """The securityLevel that the user's messages must have; None for a user who is not known."""
        keys = self._keys.get(user)
        return None if keys is None else keys.sender.level

    def admit(self, head: Usm, message: bytes) -> bool:
        """Whether a trap is signed by its user; if so, the engine has the keys to read it."""
        keys = self._keys[head.user]
        if keys.sender.auth is None or (head.engine_id, head.user) in self._known:
            return True  # the engine checks the signature itself
        if not 5 <= len(head.engine_id) <= 32 or len(self._known) >= MOST_KNOWN:
            return False
        engine_id = OctetString(head.engine_id)
        service = config.AUTH_SERVICES[keys.auth]
        try:
            key = service.localize_key(keys.auth_key, engine_id)
            service.authenticate_incoming_message(key, OctetString(head.signature), message)
        except (StatusInformation, ValueError):
            return False
        self._add(head.user, keys, engine_id)
        self._known.add((head.engine_id, head.user))
        return True

    def _add(self, name: bytes, keys: _Keys, engine_id: Any) -> None:
        config.add_v3_user(
            self._engine, name.decode(), keys.auth, keys.auth_key, keys.priv, keys.priv_key,
            securityEngineId=engine_id,
            authKeyType=config.USM_KEY_TYPE_MASTER, privKeyType=config.USM_KEY_TYPE_MASTER,
        )  # fmt: skip


def _keys(sender: Sender) -> _Keys:
    auth, priv = _AUTH[sender.auth], _PRIV[sender.priv]
    auth_key = config.AUTH_SERVICES[auth].hash_passphrase(sender.auth_password.encode()) if sender.auth else None
    priv_key = None
    if sender.priv:
        priv_key = config.PRIV_SERVICES[priv].hash_passphrase(auth, sender.priv_password.encode())
    return _Keys(sender, auth, auth_key, priv, priv_key)
