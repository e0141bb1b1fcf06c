"""Encryption of a scoped PDU: DES-CBC (RFC 3414 section 8) and AES-CFB-128 (RFC 3826 and the drafts for longer keys).

This is imported only when a credential has privacy: the ciphers are a library of some megabytes.
"""

from __future__ import annotations

import secrets

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from agent.snmp.ber import BerError
from agent.snmp.user import PrivProtocol

_BLOCK = 8  # octets of DES

# A salt must not be used twice with a key; it begins anywhere, so that it does not after a restart either.
_salt = secrets.randbits(64)


def encrypt(protocol: PrivProtocol, key: bytes, boots: int, time: int, plain: bytes) -> tuple[bytes, bytes]:
    """The ciphertext, and the privacy parameters that go with it."""
    salt = _next_salt()
    if protocol is PrivProtocol.DES:
        parameters = boots.to_bytes(4, "big") + salt[4:]
        padded = plain + bytes(-len(plain) % _BLOCK)
        encryptor = _des(key, parameters).encryptor()
        return encryptor.update(padded) + encryptor.finalize(), parameters
    encryptor = _aes(key, boots, time, salt).encryptor()
    return encryptor.update(plain) + encryptor.finalize(), salt


def decrypt(protocol: PrivProtocol, key: bytes, boots: int, time: int, parameters: bytes, data: bytes) -> bytes:
    """The plain octets; padding may follow what they hold.

    Raises:
        BerError: it cannot have been encrypted so.
    """
    if len(parameters) != _BLOCK:
        raise BerError("privacy parameters of a wrong length")
    if protocol is PrivProtocol.DES:
        if len(data) % _BLOCK:
            raise BerError("encrypted data of a wrong length")
        decryptor = _des(key, parameters).decryptor()
    else:
        decryptor = _aes(key, boots, time, parameters).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _des(key: bytes, parameters: bytes) -> Cipher[CBC]:
    vector = bytes(one ^ other for one, other in zip(key[_BLOCK:], parameters, strict=True))
    return Cipher(TripleDES(key[:_BLOCK] * 3), CBC(vector))  # three times the same key is single DES


def _aes(key: bytes, boots: int, time: int, salt: bytes) -> Cipher[CFB]:
    return Cipher(AES(key), CFB(boots.to_bytes(4, "big") + time.to_bytes(4, "big") + salt))


def _next_salt() -> bytes:
    global _salt  # noqa: PLW0603 - one count for the process is what the RFC asks for
    _salt = (_salt + 1) & (2**64 - 1)
    return _salt.to_bytes(8, "big")
