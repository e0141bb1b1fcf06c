"""Wire types of users, tokens and signing in."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from collector.access.models import Token, User

Instant = Annotated[dt.datetime, Meta(tz=True, description="RFC 3339, UTC when we send it")]
TokenName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,252}$(?!\n)")]
UserName = Annotated[str, Meta(pattern=r"^\w[\w.@-]{0,63}$(?!\n)")]
Password = Annotated[str, Meta(max_length=1024)]

TokenRole = Literal["agent", "enrol", "viewer", "operator", "admin"]
UserRole = Literal["viewer", "operator", "engineer", "manager", "admin", "security_admin", "auditor"]
TokenState = Literal["active", "expired", "revoked", "used"]


class Credentials(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a person signs in with."""

    name: Annotated[str, Meta(max_length=256)]
    password: Password


class Me(msgspec.Struct, kw_only=True):
    """Who the credential belongs to and what it allows."""

    kind: Literal["user", "token", "agent"]
    name: str
    role: str
    permissions: list[str]


class NewToken(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A token to make; without `expires_at` it lasts until revoked, an enrolment token seven days."""

    name: TokenName
    role: TokenRole
    expires_at: Instant | None = None


class TokenView(msgspec.Struct, kw_only=True):
    """A token as lists show it: everything but the secret."""

    id: int
    name: str
    role: str
    state: TokenState
    created_at: Instant
    created_by: str
    expires_at: Instant | None
    revoked_at: Instant | None
    used_at: Instant | None
    last_used_at: Instant | None


class CreatedToken(TokenView, kw_only=True):
    """A new token with its secret, which is shown this once."""

    token: str


class NewUser(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A person to add."""

    name: UserName
    role: UserRole
    password: Password


class UserChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change of an account; what is left out stays."""

    role: UserRole | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    password: Password | UnsetType = UNSET


class UserView(msgspec.Struct, kw_only=True):
    """An account without its password."""

    id: int
    name: str
    role: str
    disabled: bool
    created_at: Instant
    last_login_at: Instant | None


def token_state(token: Token, now: dt.datetime) -> TokenState:
    if token.revoked_at is not None:
        return "revoked"
    if token.used_at is not None:
        return "used"
    return "expired" if token.expires_at is not None and token.expires_at <= now else "active"


def token_view(token: Token, now: dt.datetime) -> TokenView:
    return TokenView(**_token_fields(token, now))


def created_token(token: Token, secret: str, now: dt.datetime) -> CreatedToken:
    return CreatedToken(token=secret, **_token_fields(token, now))


def _token_fields(token: Token, now: dt.datetime) -> dict[str, Any]:
    fields = {name: getattr(token, name) for name in TokenView.__struct_fields__ if name != "state"}
    return {**fields, "state": token_state(token, now)}


def user_view(user: User) -> UserView:
    return UserView(**{name: getattr(user, name) for name in UserView.__struct_fields__})
