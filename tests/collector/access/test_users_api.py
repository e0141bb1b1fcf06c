from __future__ import annotations

import asyncio
from typing import Any

import pytest

from collector.access.roles import Role
from tests.collector.conftest import PASSWORD, Site

NEW = {"name": "Bob", "role": "operator", "password": PASSWORD}


async def test_a_person_is_added_listed_changed_and_deleted(site: Site) -> None:
    admin = await site.token(Role.ADMIN)
    status, bob = await site.call("POST", "/api/v1/users", admin, NEW)
    assert (status, bob["name"], bob["role"], bob["disabled"]) == (201, "bob", "operator", False)
    assert "password" not in str(bob)
    status, bob = await site.call("PATCH", f"/api/v1/users/{bob['id']}", admin, {"role": "engineer"})
    assert (status, bob["role"]) == (200, "engineer")
    assert [one["name"] for one in (await site.call("GET", "/api/v1/users", admin))[1]["items"]] == ["bob"]
    assert (await site.call("DELETE", f"/api/v1/users/{bob['id']}", admin))[0] == 204
    assert (await site.call("GET", "/api/v1/users", admin))[1]["items"] == []
    assert (await site.call("DELETE", f"/api/v1/users/{bob['id']}", admin))[0] == 404


@pytest.mark.parametrize(
    ("change", "status", "path", "why"),
    [
        ({"password": "short"}, 422, "password", "too short"),
        ({"password": "boB" * 20}, 422, "password", "too few different characters"),
        ({"role": "agent"}, 422, "role", "a machine's role"),
        ({"name": "a b"}, 422, "name", "a space"),
        ({"name": "bob\n"}, 422, "name", "a final line break"),
        ({"name": "x\x00"}, 422, "name", "a NUL"),
        ({"name": "\ufdfa"}, 422, "name", "one letter that is eighteen with spaces when spelled out"),
        ({"name": "\ufb03" * 64}, 422, "name", "ligatures that make it longer than 64 when spelled out"),
        ({"admin": True}, 422, "admin", "an unknown field"),
    ],
)
async def test_a_wrong_person_is_refused_with_the_field(
    site: Site, change: dict[str, Any], status: int, path: str, why: str
) -> None:
    admin = await site.token(Role.ADMIN)
    answered, problem = await site.call("POST", "/api/v1/users", admin, NEW | change)
    assert (answered, problem["errors"][0]["path"]) == (status, path), why


async def test_a_name_is_given_once_in_whatever_spelling(site: Site) -> None:
    admin = await site.token(Role.ADMIN)
    await site.call("POST", "/api/v1/users", admin, NEW)
    assert (await site.call("POST", "/api/v1/users", admin, NEW | {"name": "ＢＯＢ"}))[0] == 409


@pytest.mark.parametrize("change", [{"disabled": True}, {"password": "another good one"}])
async def test_disabling_and_a_new_password_end_every_session(site: Site, change: dict[str, Any]) -> None:
    admin, user_id = await site.token(Role.ADMIN), await site.user("bob", Role.OPERATOR)
    await site.login("bob")
    assert (await site.call("GET", "/api/v1/me"))[0] == 200
    assert (await site.call("PATCH", f"/api/v1/users/{user_id}", admin, change))[0] == 200
    assert (await site.call("GET", "/api/v1/me"))[0] == 401


async def test_a_new_role_counts_from_the_next_request_on(site: Site) -> None:
    admin, user_id = await site.token(Role.ADMIN), await site.user("bob", Role.ADMIN)
    await site.login("bob")
    assert (await site.call("GET", "/api/v1/users"))[0] == 200
    await site.user("root", Role.ADMIN)
    await site.call("PATCH", f"/api/v1/users/{user_id}", admin, {"role": "viewer"})
    assert (await site.call("GET", "/api/v1/users"))[0] == 403


async def test_a_deleted_person_is_out_at_once(site: Site) -> None:
    admin, user_id = await site.token(Role.ADMIN), await site.user("bob", Role.OPERATOR)
    await site.login("bob")
    await site.call("DELETE", f"/api/v1/users/{user_id}", admin)
    assert (await site.call("GET", "/api/v1/me"))[0] == 401


@pytest.mark.parametrize(
    ("method", "body"), [("PATCH", {"role": "viewer"}), ("PATCH", {"disabled": True}), ("DELETE", None)]
)
async def test_nobody_shuts_themselves_out(site: Site, method: str, body: dict[str, Any] | None) -> None:
    await site.user("root", Role.ADMIN)
    user_id = await site.user("alice", Role.ADMIN)
    await site.login("alice")
    status, problem = await site.call(method, f"/api/v1/users/{user_id}", None, body)
    assert (status, problem["title"]) == (409, "Own account")


@pytest.mark.parametrize(
    ("method", "body"), [("PATCH", {"role": "viewer"}), ("PATCH", {"disabled": True}), ("DELETE", None)]
)
async def test_the_last_administrator_stays(site: Site, method: str, body: dict[str, Any] | None) -> None:
    security = await site.token(Role.SECURITY_ADMIN)
    user_id = await site.user("root", Role.ADMIN)
    status, problem = await site.call(method, f"/api/v1/users/{user_id}", security, body)
    assert (status, problem["title"]) == (409, "Last administrator")
    await site.user("second", Role.ADMIN)
    assert (await site.call(method, f"/api/v1/users/{user_id}", security, body))[0] in (200, 204)


async def test_of_administrators_who_remove_each_other_at_once_one_stays(site: Site) -> None:
    security = await site.token(Role.SECURITY_ADMIN)
    ids = [await site.user(f"root-{number}", Role.ADMIN) for number in range(5)]
    answers = await asyncio.gather(
        *(site.call("PATCH", f"/api/v1/users/{one}", security, {"role": "viewer"}) for one in ids)
    )
    assert sorted(status for status, _ in answers) == [200] * 4 + [409]
    _, page = await site.call("GET", "/api/v1/users", security)
    assert [one["role"] for one in page["items"]].count("admin") == 1


async def test_an_administrator_may_change_their_own_password(site: Site) -> None:
    user_id = await site.user("root", Role.ADMIN)
    await site.login("root")
    assert (await site.call("PATCH", f"/api/v1/users/{user_id}", None, {"password": "another good one"}))[0] == 200
    assert (await site.login("root", "another good one"))[0] == 200
