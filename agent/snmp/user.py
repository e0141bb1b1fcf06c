"""Who asks a device by SNMP version 3, and what protects the messages."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class AuthProtocol(enum.StrEnum):
    """How messages are signed: RFC 3414 (md5, sha) and RFC 7860."""

    MD5 = "md5"
    SHA = "sha"
    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class PrivProtocol(enum.StrEnum):
    """How messages are encrypted: RFC 3414 (des), RFC 3826 (aes128), and drafts for the longer keys.

    Of those there are two, which stretch the key differently: draft-blumenthal-aes-usm-04 (net-snmp and most others)
    and draft-reeder-snmpv3-usm-3desede-00 (Cisco, Huawei, H3C and those who follow them).
    """

    DES = "des"
    AES128 = "aes128"
    AES192 = "aes192"
    AES256 = "aes256"
    AES192_CISCO = "aes192-cisco"
    AES256_CISCO = "aes256-cisco"


@dataclass(frozen=True, slots=True)
class User:
    """A user of the User-based Security Model.

    Attributes:
        auth: None for messages that anybody could have sent; then there is no `priv` either.
        priv: None for messages that anybody may read.
        context: the part of a device to ask; empty for the usual one.

    Raises:
        ValueError: no device could be asked so.
    """

    name: str
    auth: AuthProtocol | None = None
    auth_password: str = field(default="", repr=False)
    priv: PrivProtocol | None = None
    priv_password: str = field(default="", repr=False)
    context: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.encode()) <= 32:
            raise ValueError("a user's name has 1 to 32 octets")
        if len(self.context.encode()) > 255:
            raise ValueError("a context's name has at most 255 octets")
        if self.priv is not None and self.auth is None:
            raise ValueError("privacy needs authentication")
        for kind, protocol, password in (
            ("authentication", self.auth, self.auth_password),
            ("privacy", self.priv, self.priv_password),
        ):
            if protocol is not None and len(password.encode()) < 8:
                raise ValueError(f"the {kind} password has fewer than 8 octets")  # RFC 3414 section 11.2
