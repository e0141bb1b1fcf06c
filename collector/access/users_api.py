"""REST of accounts. Nobody can shut themselves out, and one administrator always remains."""

from __future__ import annotations

from aiohttp import web
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from collector.access import store
from collector.access.models import User
from collector.access.names import account_name, is_account_name
from collector.access.passwords import weakness
from collector.access.roles import Role
from collector.access.service import ACCESS
from collector.access.views import NewUser, UserChange, UserView, user_view
from core.access import PRINCIPAL
from core.clock import to_datetime
from core.http import CLOCK, DATABASE, FieldError, Page, PageQuery, Problem, not_found, page_of
from core.log import get_logger

log = get_logger(__name__)

MAX_ID = 2**31 - 1  # a cursor that nobody was given may be larger than the column


async def list_users(request: web.Request, query: PageQuery) -> Page[UserView]:
    async with request.app[DATABASE].read() as session:
        rows = await store.list_users(session, after=min(query.after(), MAX_ID), limit=query.limit + 1)
    return page_of([user_view(row) for row in rows], query, lambda user: user.id)


async def create_user(request: web.Request, body: NewUser) -> UserView:
    name = account_name(body.name)
    if not is_account_name(name):
        wrong = FieldError("name", "take letters, digits and _.@- (at most 64), no space")
        raise Problem(422, "Invalid body", f"name: {wrong.message}", errors=[wrong])
    encoded = await _hash(request, name, body.password)
    now = to_datetime(request.app[CLOCK].now_ms())
    try:
        async with request.app[DATABASE].write() as session:
            user = await store.add_user(session, name=name, role=Role(body.role), password_hash=encoded, now=now)
    except store.NameTaken as error:
        raise Problem(409, "Name taken", f"there is an account {name} already") from error
    log.info("account created", name=name, role=user.role, by=request[PRINCIPAL].name)
    return user_view(user)


async def change_user(request: web.Request, body: UserChange) -> UserView:
    """Change role, state or password; every session of the account ends, except for a mere change of role."""
    user_id = _id(request)
    async with request.app[DATABASE].read() as session:
        name = (await _get(session, user_id)).name
    encoded = None if body.password is UNSET else await _hash(request, name, body.password)
    async with request.app[DATABASE].write() as session:
        user = await _get(session, user_id)
        await _guard(session, request, user, stays_admin=_stays_admin(user, body))
        if body.role is not UNSET:
            user.role = body.role
        if body.disabled is not UNSET:
            user.disabled = body.disabled
        if encoded is not None:
            user.password_hash = encoded
        if encoded is not None or user.disabled:
            await store.end_sessions_of(session, user_id)
    log.info("account changed", name=name, by=request[PRINCIPAL].name)
    return user_view(user)


async def delete_user(request: web.Request) -> None:
    async with request.app[DATABASE].write() as session:
        user = await _get(session, _id(request))
        await _guard(session, request, user, stays_admin=False)
        await session.delete(user)
    log.info("account deleted", name=user.name, by=request[PRINCIPAL].name)


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


async def _get(session: AsyncSession, user_id: int) -> User:
    user = await session.get(User, user_id)
    if user is None:
        raise not_found("user", user_id)
    return user


def _stays_admin(user: User, change: UserChange) -> bool:
    role = user.role if change.role is UNSET else change.role
    disabled = user.disabled if change.disabled is UNSET else change.disabled
    return role == user.role and disabled == user.disabled


async def _guard(session: AsyncSession, request: web.Request, user: User, *, stays_admin: bool) -> None:
    """Refuse what would take rights from oneself or from the last administrator."""
    if stays_admin:
        return
    principal = request[PRINCIPAL]
    if principal.kind == "user" and principal.id == user.id:
        raise Problem(409, "Own account", "another administrator has to change your own role or state")
    if user.role == Role.ADMIN and not user.disabled and await store.count_other_admins(session, user.id) == 0:
        raise Problem(409, "Last administrator", "make another account administrator first")


async def _hash(request: web.Request, name: str, password: str) -> str:
    why = weakness(name, password)
    if why is not None:
        raise Problem(422, "Invalid body", f"the password {why}", errors=[FieldError("password", why)])
    return await request.app[ACCESS].passwords.hash(password)
