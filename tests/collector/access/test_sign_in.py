from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select
from yarl import URL

from collector.access import store
from collector.access.models import Session, User
from collector.access.roles import Role
from collector.access.service import ACCESS
from collector.access.sessions import IDLE
from tests.collector.conftest import PASSWORD, Site, StartSite


async def test_a_person_signs_in_is_known_and_signs_out(site: Site) -> None:
    await site.user("alice", Role.OPERATOR)
    status, me = await site.login("alice")
    assert (status, me["name"], me["role"], me["kind"]) == (200, "alice", "operator", "user")
    assert (await site.call("GET", "/api/v1/me"))[1]["name"] == "alice"
    assert (await site.call("POST", "/api/v1/logout"))[0] == 204
    assert (await site.call("GET", "/api/v1/me"))[0] == 401


async def test_signing_out_ends_the_session_on_the_server(site: Site) -> None:
    await site.user("alice", Role.OPERATOR)
    await site.login("alice")
    stolen = _cookie(site)
    await site.call("POST", "/api/v1/logout")
    assert (await site.call("GET", "/api/v1/me", Cookie=f"forewatch={stolen}"))[0] == 401


@pytest.mark.parametrize(
    ("name", "password", "why"),
    [
        ("alice", "wrong password", "a wrong password"),
        ("nobody", PASSWORD, "no such account"),
        ("disabled", PASSWORD, "a disabled account"),
        ("", "", "nothing"),
        ("al\0ice", PASSWORD, "a NUL in the name, which PostgreSQL does not take"),
        ("alice", "\0", "a NUL in the password"),
        ("\ufdfa", "x", "a letter that is spelled out with spaces"),
    ],
)
async def test_every_failure_looks_the_same(site: Site, name: str, password: str, why: str) -> None:
    await site.user("alice", Role.OPERATOR)
    user_id = await site.user("disabled", Role.OPERATOR)
    admin = await site.token(Role.ADMIN)
    await site.call("PATCH", f"/api/v1/users/{user_id}", admin, {"disabled": True})
    status, problem = await site.login(name, password)
    assert (status, problem["detail"]) == (401, "name or password is wrong"), why
    assert len(site.client.session.cookie_jar) == 0


@pytest.mark.parametrize("spelling", ["ALICE", " alice ", "Ａlice"])
async def test_names_are_compared_in_one_spelling(site: Site, spelling: str) -> None:
    await site.user("alice", Role.OPERATOR)
    assert (await site.login(spelling))[0] == 200


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    await site.user("alice", Role.OPERATOR)
    async with site.client.post("/api/v1/login", json={"name": "alice", "password": PASSWORD}) as response:
        cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("forewatch=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie


async def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(start_site: StartSite) -> None:
    site = await start_site(external_url="https://ops.example.org")
    await site.user("alice", Role.OPERATOR)
    async with site.client.post("/api/v1/login", json={"name": "alice", "password": PASSWORD}) as response:
        cookie = response.headers["Set-Cookie"]
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert cookie.startswith("__Host-forewatch=")
    assert "Secure" in cookie


async def test_the_database_never_holds_the_cookie_itself(site: Site) -> None:
    await site.user("alice", Role.OPERATOR)
    await site.login("alice")
    async with site.database.read() as session:
        rows = list(await session.scalars(select(Session)))
    assert len(rows) == 1
    assert rows[0].digest != _cookie(site)
    assert rows[0].address == "127.0.0.1"


async def test_a_new_sign_in_ends_the_session_before_it(site: Site) -> None:
    await site.user("alice", Role.OPERATOR)
    await site.login("alice")
    first = _cookie(site)
    await site.login("alice")
    assert _cookie(site) != first
    async with site.database.read() as session:
        assert len(list(await session.scalars(select(Session)))) == 1


async def test_an_idle_session_ends_and_a_used_one_goes_on(site: Site) -> None:
    await site.user("alice", Role.OPERATOR)
    await site.login("alice")
    almost = IDLE - dt.timedelta(minutes=1)
    for _ in range(3):
        site.clock.set_wall(site.clock.now_ms() + round(almost.total_seconds() * 1000))
        assert (await site.call("GET", "/api/v1/me"))[0] == 200
    site.clock.set_wall(site.clock.now_ms() + round(IDLE.total_seconds() * 1000))
    assert (await site.call("GET", "/api/v1/me"))[0] == 401


async def test_sessions_that_have_ended_are_removed(site: Site) -> None:
    await site.user("alice", Role.OPERATOR)
    await site.user("bob", Role.OPERATOR)
    await site.login("alice")
    site.clock.set_wall(site.clock.now_ms() + round(IDLE.total_seconds() * 1000))
    site.client.session.cookie_jar.clear()
    await site.login("bob")
    async with site.database.write() as session:
        assert await store.delete_ended_sessions(session, now=site.now, idle=IDLE) == 1
    assert (await site.call("GET", "/api/v1/me"))[1]["name"] == "bob"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_another_site_can_neither_act_for_a_person_nor_sign_them_in(site: Site, headers: dict[str, str]) -> None:
    await site.user("alice", Role.ADMIN)
    await site.login("alice")
    body = {"name": "x", "role": "viewer"}
    status, problem = await site.call("POST", "/api/v1/tokens", None, body, **headers)
    assert (status, problem["type"]) == (403, "urn:forewatch:access:cross_origin")
    assert (await site.login("alice", **headers))[0] == 403
    assert (await site.call("POST", "/api/v1/tokens", None, body))[0] == 201


async def test_a_token_is_not_asked_for_its_origin(site: Site) -> None:
    admin = await site.token(Role.ADMIN)
    body = {"name": "x", "role": "viewer"}
    status, _ = await site.call("POST", "/api/v1/tokens", admin, body, **{"Sec-Fetch-Site": "cross-site"})
    assert status == 201


@pytest.mark.parametrize(
    ("method", "change"), [("PATCH", {"password": "another good one"}), ("PATCH", {"disabled": True}), ("DELETE", None)]
)
async def test_a_password_that_counts_no_longer_when_it_is_checked_opens_no_session(
    site: Site, monkeypatch: pytest.MonkeyPatch, method: str, change: dict[str, Any] | None
) -> None:
    admin, user_id = await site.token(Role.ADMIN), await site.user("alice", Role.OPERATOR)
    passwords = site.app[ACCESS].passwords
    verify = passwords.verify

    async def slowly(encoded: str | None, password: str) -> bool:
        matches = await verify(encoded, password)
        assert (await site.call(method, f"/api/v1/users/{user_id}", admin, change))[0] in (200, 204)
        return matches

    monkeypatch.setattr(passwords, "verify", slowly)
    assert (await site.login("alice"))[0] == 401
    async with site.database.read() as session:
        assert list(await session.scalars(select(Session))) == []


async def test_guessing_is_slowed_down_even_for_the_right_password(site: Site) -> None:
    await site.user("alice", Role.OPERATOR)
    for _ in range(10):
        assert (await site.login("alice", "wrong password"))[0] == 401
    async with site.client.post("/api/v1/login", json={"name": "alice", "password": PASSWORD}) as response:
        assert response.status == 429
        assert 1 <= int(response.headers["Retry-After"]) <= 30
    await site.clock.advance(31)
    assert (await site.login("alice"))[0] == 200


async def test_more_addresses_of_one_network_are_not_more_guesses(start_site: StartSite) -> None:
    site = await start_site(trusted_proxies=("127.0.0.1",))
    await site.user("alice", Role.OPERATOR)
    for number in range(10):
        assert (await site.login("alice", "wrong", **{"X-Forwarded-For": f"2001:db8::{number:x}"}))[0] == 401
    assert (await site.login("alice", "wrong", **{"X-Forwarded-For": "2001:db8::ffff"}))[0] == 429
    assert (await site.login("alice", **{"X-Forwarded-For": "2001:db8:0:1::1"}))[0] == 200


async def test_guesses_at_one_name_do_not_lock_out_another(site: Site) -> None:
    await site.user("alice", Role.OPERATOR)
    for _ in range(12):
        await site.login("bob", "wrong password")
    assert (await site.login("alice"))[0] == 200


async def post_form(site: Site, **fields: str) -> tuple[int, str | None, str | None]:
    async with site.client.post("/login", data=fields, allow_redirects=False) as response:
        return response.status, response.headers.get("Location"), response.headers.get("Set-Cookie")


async def test_the_consoles_form_signs_in_and_goes_home(site: Site) -> None:
    await site.user("张三", Role.OPERATOR)
    status, location, cookie = await post_form(site, name="张三", password=PASSWORD)
    assert (status, location) == (303, "/")
    assert cookie is not None


async def test_the_consoles_form_comes_back_with_the_reason(site: Site) -> None:
    assert await post_form(site, name="alice", password="x") == (303, "/login?problem=wrong", None)
    for _ in range(10):
        await post_form(site, name="alice", password="x")
    assert await post_form(site, name="alice", password="x") == (303, "/login?problem=throttled", None)


@pytest.mark.parametrize(
    ("form", "why"),
    [
        (b"&".join([b"name=a"] * 50), "more fields than the form has"),
        (b"name=a%00&password=x", "a NUL"),
        (b"name=\xff&password=%ED%A0%80", "no UTF-8"),
        (b"", "nothing"),
    ],
)
async def test_a_form_that_no_browser_sends_is_a_failed_attempt(site: Site, form: bytes, why: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with site.client.post("/login", data=form, headers=headers, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/login?problem=wrong"), why


async def test_the_form_takes_no_other_content(site: Site) -> None:
    assert (await site.call("POST", "/login", None, {"name": "alice"}))[0] == 415


async def test_the_time_of_the_last_sign_in_is_kept(site: Site) -> None:
    user_id = await site.user("alice", Role.OPERATOR)
    await site.login("alice")
    async with site.database.read() as session:
        user = await session.get(User, user_id)
    assert user is not None
    assert user.last_login_at == site.now


def _cookie(site: Site) -> Any:
    return site.client.session.cookie_jar.filter_cookies(URL(str(site.client.make_url("/"))))["forewatch"].value
