"""REST of tokens."""

from __future__ import annotations

import datetime as dt

from aiohttp import web

from collector.access import store
from collector.access.roles import Role
from collector.access.service import ACCESS
from collector.access.tokens import ENROL_LIFETIME, MAX_LIFETIME, new_token
from collector.access.views import CreatedToken, NewToken, TokenView, created_token, token_view
from core.access import PRINCIPAL
from core.clock import to_datetime
from core.http import CLOCK, DATABASE, FieldError, Page, PageQuery, Problem, not_found, page_of
from core.log import get_logger

log = get_logger(__name__)

MAX_ID = 2**31 - 1  # a cursor that nobody was given may be larger than the column


def _now(request: web.Request) -> dt.datetime:
    return to_datetime(request.app[CLOCK].now_ms())


async def list_tokens(request: web.Request, query: PageQuery) -> Page[TokenView]:
    async with request.app[DATABASE].read() as session:
        rows = await store.list_tokens(session, after=min(query.after(), MAX_ID), limit=query.limit + 1)
    now = _now(request)
    return page_of([token_view(row, now) for row in rows], query, lambda token: token.id)


async def create_token(request: web.Request, body: NewToken) -> CreatedToken:
    now, by = _now(request), request[PRINCIPAL]
    if body.expires_at is not None and not now < body.expires_at <= now + MAX_LIFETIME:
        wrong = FieldError("expires_at", "give a time within the next hundred years, or leave it out")
        raise Problem(422, "Invalid body", f"expires_at: {wrong.message}", errors=[wrong])
    expires_at = body.expires_at or (now + ENROL_LIFETIME if Role(body.role) is Role.ENROL else None)
    secret = new_token()
    async with request.app[DATABASE].write() as session:
        token = await store.add_token(
            session, name=body.name, role=Role(body.role), secret=secret, created_by=by.name, now=now,
            expires_at=expires_at,
        )  # fmt: skip
    log.info("token created", id=token.id, name=token.name, role=token.role, by=by.name)
    return created_token(token, secret, now)


async def revoke_token(request: web.Request) -> None:
    """Revoke at once; repeating it changes nothing."""
    token_id = int(request.match_info["id"])
    async with request.app[DATABASE].write() as session:
        known = await store.revoke_token(session, token_id, _now(request))
    if not known:
        raise not_found("token", token_id)
    request.app[ACCESS].authenticator.forget_token(token_id)
    log.info("token revoked", id=token_id, by=request[PRINCIPAL].name)
