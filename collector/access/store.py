"""Queries over users, sessions and tokens; each takes a session of its caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from collector.access.models import Session, Token, User
from collector.access.roles import Role
from collector.access.tokens import digest


class NameTaken(Exception):  # noqa: N818 - reads as the reason in a raise
    """Another account has this name already."""


# --- tokens -------------------------------------------------------------------------------------------


async def add_token(
    session: AsyncSession,
    *,
    name: str,
    role: Role,
    secret: str,
    created_by: str,
    now: dt.datetime,
    expires_at: dt.datetime | None = None,
) -> Token:
    """Keep a new token by its hash; the secret itself is the caller's to hand over."""
    token = Token(
        name=name, role=role, digest=digest(secret), created_at=now, created_by=created_by, expires_at=expires_at
    )
    session.add(token)
    await session.flush()
    return token


async def find_token(session: AsyncSession, key: str) -> Token | None:
    return (await session.scalars(select(Token).where(Token.digest == key))).one_or_none()


async def list_tokens(session: AsyncSession, *, after: int, limit: int) -> list[Token]:
    query = select(Token).where(Token.id > after).order_by(Token.id).limit(limit)
    return list(await session.scalars(query))


async def revoke_token(session: AsyncSession, token_id: int, now: dt.datetime) -> bool:
    """False when there is no such token; a token that is revoked already stays as it was."""
    if await session.get(Token, token_id) is None:
        return False
    await session.execute(update(Token).where(Token.id == token_id, Token.revoked_at.is_(None)).values(revoked_at=now))
    return True


async def revoke_agent_tokens(session: AsyncSession, name: str, now: dt.datetime) -> list[int]:
    """Revoke every live agent token of a name; returns their ids."""
    live = (Token.name == name, Token.role == Role.AGENT, Token.revoked_at.is_(None))
    return list(await session.scalars(update(Token).where(*live).values(revoked_at=now).returning(Token.id)))


async def use_once(session: AsyncSession, token_id: int, now: dt.datetime) -> bool:
    """Spend a one-time token; of many at the same instant exactly one gets True."""
    spent = (
        update(Token)
        .where(
            Token.id == token_id,
            Token.used_at.is_(None),
            Token.revoked_at.is_(None),
            or_(Token.expires_at.is_(None), Token.expires_at > now),
        )
        .values(used_at=now, last_used_at=now)
        .returning(Token.id)
    )
    return (await session.scalars(spent)).one_or_none() is not None


# --- users --------------------------------------------------------------------------------------------


async def add_user(session: AsyncSession, *, name: str, role: Role, password_hash: str, now: dt.datetime) -> User:
    """A new person.

    Raises:
        NameTaken: there is one of that name.
    """
    user = User(name=name, role=role, password_hash=password_hash, disabled=False, created_at=now)
    session.add(user)
    try:
        await session.flush()
    except IntegrityError as error:
        raise NameTaken(name) from error
    return user


async def find_user(session: AsyncSession, name: str) -> User | None:
    return (await session.scalars(select(User).where(User.name == name))).one_or_none()


async def list_users(session: AsyncSession, *, after: int, limit: int) -> list[User]:
    query = select(User).where(User.id > after).order_by(User.id).limit(limit)
    return list(await session.scalars(query))


async def count_other_admins(session: AsyncSession, user_id: int) -> int:
    """Enabled system administrators besides this account; until the transaction ends nobody else changes them."""
    enabled = select(User.id).where(User.role == Role.ADMIN, User.disabled.is_(False))
    return sum(1 for one in await session.scalars(enabled.order_by(User.id).with_for_update()) if one != user_id)


async def note_login(session: AsyncSession, user: User, now: dt.datetime, password_hash: str | None) -> bool:
    """Keep the time of signing in, and the password's new hash when it was made with today's parameters.

    False when the account was disabled or deleted, or got another password, since `user` was read.
    """
    unchanged = (User.id == user.id, User.password_hash == user.password_hash, User.disabled.is_(False))
    values: dict[str, object] = {"last_login_at": now}
    if password_hash is not None:
        values["password_hash"] = password_hash
    noted = update(User).where(*unchanged).values(values).returning(User.id)
    return (await session.scalars(noted)).one_or_none() is not None


# --- sessions -----------------------------------------------------------------------------------------


async def find_session(session: AsyncSession, key: str) -> tuple[Session, User] | None:
    query = select(Session, User).join(User, User.id == Session.user_id).where(Session.digest == key)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1])


async def end_session(session: AsyncSession, key: str) -> None:
    await session.execute(delete(Session).where(Session.digest == key))


async def end_sessions_of(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(Session).where(Session.user_id == user_id))


async def delete_ended_sessions(session: AsyncSession, *, now: dt.datetime, idle: dt.timedelta) -> int:
    """Remove sessions past either time-out; returns how many."""
    ended = delete(Session).where(or_(Session.expires_at <= now, Session.last_seen_at <= now - idle))
    return len((await session.scalars(ended.returning(Session.id))).all())


# --- when last used -----------------------------------------------------------------------------------


async def write_last_used(
    session: AsyncSession, tokens: Mapping[int, dt.datetime], sessions: Mapping[int, dt.datetime]
) -> None:
    """Bring what was used lately up to date, by id."""
    connection = await session.connection()
    for table, column, seen in (
        (Token.__table__, "last_used_at", tokens),
        (Session.__table__, "last_seen_at", sessions),
    ):
        if seen:
            statement = update(table).where(table.c.id == bindparam("row")).values({column: bindparam("seen")})  # type: ignore[arg-type]
            await connection.execute(statement, [{"row": row, "seen": at} for row, at in sorted(seen.items())])
