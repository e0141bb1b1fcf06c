"""What opens an SNMP device: `snmp.credentials` of `agent.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from core.config import Finding, Secret, Section

# As agent.snmp.user has them; an agent without SNMP devices does not import that.
Version = Literal["1", "2c", "3"]
Auth = Literal["md5", "sha", "sha224", "sha256", "sha384", "sha512"]
Priv = Literal["des", "aes128", "aes192", "aes256", "aes192-cisco", "aes256-cisco"]
Level = Literal["noAuthNoPriv", "authNoPriv", "authPriv"]

_LEAST_PASSWORD = 8  # RFC 3414 section 11.2
_MOST_USERNAME = 32
_MOST_CONTEXT = 255
_USERS = ("username", "level", "auth", "auth_password", "priv", "priv_password", "context_name")


class SnmpCredential(Section, kw_only=True, frozen=True):
    """A community of version 1 or 2c, or a user of version 3.

    Attributes:
        level: None takes what is given: authPriv with `priv`, authNoPriv with `auth` only, else noAuthNoPriv.
        auth: how messages are signed; `sha` is SHA-1.
        priv: how messages are encrypted; `-cisco` stretches keys as Cisco's and many Chinese devices do.
        context_name: the part of the device to ask; empty for the usual one.
    """

    version: Version = "2c"
    community: Secret | None = None
    username: str | None = None
    level: Level | None = None
    auth: Auth | None = None
    auth_password: Secret | None = None
    priv: Priv | None = None
    priv_password: Secret | None = None
    context_name: str | None = None

    @property
    def security_level(self) -> Level:
        """`level`, or what is implied."""
        implied: Level = "authPriv" if self.priv else "authNoPriv" if self.auth else "noAuthNoPriv"
        return self.level or implied

    def check(self) -> Iterator[Finding]:
        yield from self._user() if self.version == "3" else self._community()

    def _community(self) -> Iterator[Finding]:
        if self.community is None:
            yield Finding(("community",), f"is required with version {self.version}")
        elif not 1 <= len(self.community.encode()) <= 255:
            yield Finding(("community",), "must not be empty, nor longer than 255 octets")
        for key in _USERS:
            if getattr(self, key) is not None:
                yield Finding((key,), f"belongs to version 3, not to version {self.version}")

    def _user(self) -> Iterator[Finding]:
        if self.community is not None:
            yield Finding(("community",), "version 3 has no community; it has a user")
        if self.username is None:
            yield Finding(("username",), "is required with version 3")
        elif not 1 <= len(self.username.encode()) <= _MOST_USERNAME:
            yield Finding(("username",), f"must have 1 to {_MOST_USERNAME} octets")
        if self.context_name is not None and len(self.context_name.encode()) > _MOST_CONTEXT:
            yield Finding(("context_name",), f"must have at most {_MOST_CONTEXT} octets")
        yield from self._protection("auth", self.auth, self.auth_password)
        yield from self._protection("priv", self.priv, self.priv_password)
        yield from self._level()

    def _protection(self, key: str, protocol: str | None, password: Secret | None) -> Iterator[Finding]:
        needed = f"{key}_password"
        if protocol is None and password is not None:
            yield Finding((key,), f"is required with {needed}")
        elif protocol is not None and password is None:
            yield Finding((needed,), f"is required with {key}: {protocol}; or give {needed}_file")
        elif password is not None and len(password.encode()) < _LEAST_PASSWORD:
            yield Finding((needed,), f"must have at least {_LEAST_PASSWORD} octets (RFC 3414)")

    def _level(self) -> Iterator[Finding]:
        if self.priv is not None and self.auth is None:
            yield Finding(("auth",), "is required with priv: messages that are encrypted are signed too")
        wanted = (self.security_level != "noAuthNoPriv", self.security_level == "authPriv")
        if self.level is not None and wanted != (self.auth is not None, self.priv is not None):
            yield Finding(("level",), f"is {self.level}, which does not go with the auth and priv that are given")
