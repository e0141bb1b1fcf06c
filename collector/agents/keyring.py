"""Secrets at rest: AES-256-GCM with keys from a file of mode 0600, or from the environment.

A sealed secret is `KEY_ID.NONCE.CIPHERTEXT` in URL-safe base64; the name it belongs to is authenticated with it, so
that a row's secret cannot be moved to another row. The first key encrypts, all of them decrypt. Sources: NIST SP
800-38D (GCM; 96-bit random nonces are safe for far more secrets than a site has).

The library for it takes more than a megabyte, so it is loaded with the first secret: most sites have none.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from core.errors import StorageError

KEY_FILE = "credentials.key"
ENVIRONMENT = "FOREWATCH_CREDENTIAL_KEYS"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class Keyring:
    """The keys of one collector.

    Args:
        file: where they are, one in base64 a line, the one that encrypts first; made when it is needed and missing.
        environ: `FOREWATCH_CREDENTIAL_KEYS` in it, keys separated by commas, is taken instead of the file.
    """

    def __init__(self, file: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._file = file
        self._given = environ.get(ENVIRONMENT)

    @property
    def is_given(self) -> bool:
        """Whether the keys come from the environment."""
        return self._given is not None

    def seal(self, name: str, secret: bytes) -> str:
        """The secret encrypted by the first key.

        Raises:
            StorageError: there is no key and none can be made.
        """
        key = (self._keys() or [self._make()])[0]
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see above

        nonce = secrets.token_bytes(_NONCE_BYTES)
        return f"{key_id(key)}.{_spell(nonce)}.{_spell(AESGCM(key).encrypt(nonce, secret, name.encode()))}"

    def unseal(self, name: str, sealed: str) -> bytes:
        """The secret of this name.

        Raises:
            StorageError: its key is not here, or it is not what was sealed under this name.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        try:
            wanted, nonce, text = sealed.split(".")
            key = next(key for key in self._keys() if key_id(key) == wanted)
            return AESGCM(key).decrypt(_read(nonce), _read(text), name.encode())
        except StopIteration:
            raise StorageError(f"credential {name}: its key is not in {self._place()}; put it back") from None
        except (ValueError, InvalidTag) as error:
            raise StorageError(f"credential {name}: what is stored is not what was sealed") from error

    def is_current(self, sealed: str) -> bool:
        """Whether the key that would encrypt now has sealed it."""
        return any(sealed.startswith(f"{key_id(key)}.") for key in self._keys()[:1])

    def rotate(self) -> None:
        """Put a new key before the present one; keys before that are forgotten, nothing may be sealed by them.

        Raises:
            StorageError: the keys come from the environment, or the file cannot be written.
        """
        if self._given is not None:
            raise StorageError(f"the keys are in {ENVIRONMENT}; put a new one before the present one there")
        self._write([secrets.token_bytes(_KEY_BYTES), *self._keys()[:1]])

    def _keys(self) -> list[bytes]:
        """Read at each use: keys that were rotated count at once, without a restart."""
        if self._given is not None:
            words = self._given.split(",")
        else:
            try:
                words = self._file.read_text(encoding="ascii").splitlines()
            except FileNotFoundError:
                return []
            except (OSError, UnicodeDecodeError) as error:
                raise StorageError(f"{self._file} cannot be read: {error}") from error
        return [self._key(word.strip()) for word in words if word.strip()]

    def _key(self, word: str) -> bytes:
        try:
            key = _read(word)
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES:
            raise StorageError(f"{self._place()} holds what is no key of {_KEY_BYTES} bytes in URL-safe base64")
        return key

    def _make(self) -> bytes:
        key = secrets.token_bytes(_KEY_BYTES)
        self._write([key])
        return key

    def _write(self, keys: list[bytes]) -> None:
        beside = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, "".join(f"{_spell(key)}\n" for key in keys).encode())
                os.fsync(descriptor)
                beside.replace(self._file)
            finally:
                os.close(descriptor)
                beside.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{self._file} cannot be written: {error.strerror}") from error

    def _place(self) -> str:
        return str(self._file) if self._given is None else ENVIRONMENT


def key_id(key: bytes) -> str:
    """What names a key in what it sealed: 48 bits of its digest, which say nothing about it."""
    return hashlib.sha256(b"forewatch key " + key).hexdigest()[:12]


def _spell(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _read(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("no base64") from error
