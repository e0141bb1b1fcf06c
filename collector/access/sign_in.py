"""People signing in and out, by JSON or by the console's form."""

from __future__ import annotations

import enum
import secrets
from urllib.parse import parse_qs

from aiohttp import web

from collector.access import store
from collector.access.client import CLIENT, throttled_as
from collector.access.models import Session, User
from collector.access.names import account_name, is_account_name
from collector.access.service import ACCESS, Access
from collector.access.sessions import ABSOLUTE
from collector.access.tokens import digest
from collector.access.views import Credentials, Me
from core.access import PRINCIPAL, Principal
from core.clock import to_datetime
from core.errors import Overloaded
from core.http import CLOCK, DATABASE, Problem, json_response, read_body
from core.log import get_logger

log = get_logger(__name__)

FORM_BYTES = 8192


class LoginResult(enum.StrEnum):
    """How an attempt to sign in ended."""

    ACCEPTED = "accepted"
    WRONG = "wrong"
    DISABLED = "disabled"
    THROTTLED = "throttled"


async def login(request: web.Request, body: Credentials) -> web.Response:
    """Sign in; the answer says who one is and carries the session cookie."""
    user, secret = await _sign_in(request, body)
    access = request.app[ACCESS]
    response = json_response(me_of(access.authenticator.person(user)))
    access.cookie.set(response, secret)
    return response


async def login_form(request: web.Request) -> web.StreamResponse:
    """The console's form: on to `/`, or back to `/login` with the reason in the query."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise Problem(415, "Unsupported media type", "send the form as application/x-www-form-urlencoded")
    given = _read_form(await read_body(request, FORM_BYTES))
    try:
        _, secret = await _sign_in(request, given)
    except Overloaded:
        return web.Response(status=303, headers={"Location": "/login?problem=throttled"})
    except Problem:
        return web.Response(status=303, headers={"Location": "/login?problem=wrong"})
    response = web.Response(status=303, headers={"Location": "/"})
    request.app[ACCESS].cookie.set(response, secret)
    return response


async def logout(request: web.Request) -> web.Response:
    """End the session of the cookie; a token stays as it is."""
    response = web.Response(status=204)
    await _end(request, response)
    return response


async def logout_form(request: web.Request) -> web.Response:
    """As `logout`, for the console: on to the sign-in page."""
    response = web.Response(status=303, headers={"Location": "/login"})
    await _end(request, response)
    return response


async def show_me(request: web.Request) -> Me:
    return me_of(request[PRINCIPAL])


def me_of(principal: Principal) -> Me:
    return Me(
        kind=principal.kind,  # type: ignore[arg-type]  # nobody anonymous comes here
        name=principal.name,
        role=principal.role,
        permissions=sorted(principal.permissions),
    )


def _read_form(body: bytes) -> Credentials:
    """The form's fields; what no form of ours has sent reads as empty ones, which sign nobody in."""
    try:
        form = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
    except ValueError:
        form = {}
    return Credentials(name=form.get("name", [""])[0][:256], password=form.get("password", [""])[0][:1024])


async def _end(request: web.Request, response: web.Response) -> None:
    cookie = request.app[ACCESS].cookie
    secret = cookie.read(request)
    if secret is not None:
        async with request.app[DATABASE].write() as session:
            await store.end_session(session, digest(secret))
    cookie.clear(response)


async def _sign_in(request: web.Request, given: Credentials) -> tuple[User, str]:
    """The account and a new session's secret.

    Raises:
        Problem: 401, wrong name or password, or a disabled account: which of them is not told.
        Overloaded: too many attempts.
    """
    access, name, address = request.app[ACCESS], account_name(given.name), request[CLIENT]
    guesser = throttled_as(address)
    _charge(access, name, guesser, request.app[CLOCK].monotonic())
    user = None
    if is_account_name(name):  # nobody is called anything else, and no database takes every text
        async with request.app[DATABASE].read() as session:
            user = await store.find_user(session, name)
    matches = await access.passwords.verify(user.password_hash if user else None, given.password)
    secret = None
    if user is not None and matches and not user.disabled:
        secret = await _open_session(request, user, given.password)
    if user is None or secret is None:
        result = LoginResult.DISABLED if user is not None and matches else LoginResult.WRONG
        access.metrics.logins.labels(result).inc()
        log.warning("sign-in refused", name=name, address=address, reason=result)
        raise Problem(401, "Unauthorized", "name or password is wrong")
    access.accounts.clear((guesser, name))
    access.addresses.refund((guesser,))
    access.metrics.logins.labels(LoginResult.ACCEPTED).inc()
    log.info("signed in", name=name, address=address)
    return user, secret


def _charge(access: Access, name: str, guesser: str, now: float) -> None:
    wait = max(access.accounts.wait_seconds((guesser, name), now), access.addresses.wait_seconds((guesser,), now))
    if wait > 0:
        access.metrics.logins.labels(LoginResult.THROTTLED).inc()
        raise Overloaded("too many attempts to sign in", retry_after_seconds=wait)
    access.accounts.charge((guesser, name), now)
    access.addresses.charge((guesser,), now)


async def _open_session(request: web.Request, user: User, password: str) -> str | None:
    """A new session's secret; None when the account changed while its password was checked."""
    access, now = request.app[ACCESS], to_datetime(request.app[CLOCK].now_ms())
    renewed = await access.passwords.hash(password) if access.passwords.outdated(user.password_hash) else None
    secret, before = secrets.token_urlsafe(32), access.cookie.read(request)
    async with request.app[DATABASE].write() as session:
        if not await store.note_login(session, user, now, renewed):
            return None
        if before is not None:
            await store.end_session(session, digest(before))
        session.add(
            Session(
                digest=digest(secret), user_id=user.id, created_at=now, last_seen_at=now,
                expires_at=now + ABSOLUTE, address=request[CLIENT],
            )
        )  # fmt: skip
    return secret
