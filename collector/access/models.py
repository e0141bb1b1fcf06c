"""Tables of access: people, their sessions, machines' tokens."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, PrimaryKey


class User(Base):
    """A person who signs in. `password_hash` is argon2's encoded form; `role` is one of `USER_ROLES`."""

    __tablename__ = "users"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[str]
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime]
    last_login_at: Mapped[dt.datetime | None]


class Session(Base):
    """A signed-in browser. `digest` is SHA-256 of the cookie; idle and absolute time-outs end it."""

    __tablename__ = "sessions"

    id: Mapped[PrimaryKey]
    digest: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[dt.datetime]
    last_seen_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)
    address: Mapped[str]


class Token(Base):
    """A machine's credential. `digest` is SHA-256 of the secret, which is shown once and kept nowhere.

    `used_at` is set once on a one-time enrolment token; `name` is the agent's name where the role is agent.
    """

    __tablename__ = "tokens"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    created_at: Mapped[dt.datetime]
    created_by: Mapped[str]
    expires_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
    used_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
