"""Whose certificates are believed, and what is said about those that a server showed."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from agent.probes import families
from agent.probes.check import Findings

# OpenSSL has the chain; Python 3.11 to 3.12 show it on the object below SSLObject only, 3.13 has public methods.
_DER = 2  # _ssl.ENCODING_DER


@dataclass(frozen=True, slots=True)
class Trust:
    """How a server's certificate is judged.

    Attributes:
        ca_file: PEM certificates to trust instead of the system's.
        server_name: the name that it must be for, and that is sent (SNI); None takes the target's.
        verify: False takes any certificate.
    """

    ca_file: Path | None = None
    server_name: str | None = None
    verify: bool = True

    def context(self) -> ssl.SSLContext:
        """What decides.

        Raises:
            OSError: `ca_file` cannot be used.
        """
        if not self.verify:
            return self.unverified()
        changed = self.ca_file.stat().st_mtime_ns if self.ca_file else 0
        return _verifying(self.ca_file, changed)

    @staticmethod
    def unverified() -> ssl.SSLContext:
        """A context that takes any certificate."""
        return _unverifying()


@lru_cache(maxsize=64)
def _verifying(ca_file: Path | None, _changed_ns: int) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


@lru_cache(maxsize=1)
def _unverifying() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def note_tls(found: Findings, connection: ssl.SSLObject) -> None:
    """Note version, cipher and the certificates that the server showed."""
    found.note(families.TLS_VERSION, 1, version=(connection.version() or "").replace("TLSv", "TLS "))
    cipher = connection.cipher()
    if cipher is not None:
        found.note(families.TLS_CIPHER, 1, cipher=cipher[0])
    shown = _chain(connection, "get_unverified_chain")
    expiries = [expiry for expiry in map(expiry_of, shown) if expiry is not None]
    if expiries:
        found.note(families.SSL_EXPIRY, min(expiries))
    if shown:
        found.note(families.SSL_CHAIN, 1, **_identity(shown[0]))
    if connection.context.verify_mode is ssl.CERT_REQUIRED:
        verified = [expiry for expiry in map(expiry_of, _chain(connection, "get_verified_chain")) if expiry]
        if verified:
            found.note(families.SSL_CHAIN_EXPIRY, min(verified))


def expiry_of(certificate: Any) -> float | None:
    """When a certificate expires, in Unix time; None when it does not say so in a way that can be read."""
    try:
        return float(ssl.cert_time_to_seconds(certificate.get_info()["notAfter"]))
    except (KeyError, ValueError):
        return None


def _chain(connection: ssl.SSLObject, method: str) -> list[Any]:
    below = getattr(connection, "_sslobj", connection)
    return list(getattr(below, method)() or [])


def _identity(certificate: Any) -> dict[str, str]:
    info = certificate.get_info()
    names = ",".join(value for kind, value in info.get("subjectAltName", ()) if kind in ("DNS", "IP Address", "URI"))
    return {
        "fingerprint_sha256": hashlib.sha256(certificate.public_bytes(_DER)).hexdigest(),
        "issuer": _distinguished(info.get("issuer", ())),
        "serialnumber": str(info.get("serialNumber", "")).lower(),
        "subject": _distinguished(info.get("subject", ())),
        "subjectalternative": names,
    }


_SHORT = {
    "commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU", "countryName": "C",
    "localityName": "L", "stateOrProvinceName": "ST", "serialNumber": "SERIALNUMBER",
}  # fmt: skip


def _distinguished(name: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """A distinguished name from the most specific part on, as RFC 4514 writes it."""
    parts = [f"{_SHORT.get(kind, kind)}={value}" for part in reversed(name) for kind, value in part]
    return ",".join(
        "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in part) for part in parts
    )
