from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from collector.access.models import Token
from collector.access.roles import Role
from collector.access.service import ACCESS
from core.clock import to_rfc3339
from tests.collector.conftest import Site


async def test_a_token_is_shown_once_and_only_its_hash_is_kept(site: Site) -> None:
    admin = await site.token(Role.ADMIN)
    status, made = await site.call("POST", "/api/v1/tokens", admin, {"name": "grafana", "role": "viewer"})
    assert status == 201
    assert made["token"].startswith("fw_")
    assert made["created_by"] == "admin"
    assert (await site.call("GET", "/api/v1/me", made["token"]))[1]["name"] == "grafana"
    status, page = await site.call("GET", "/api/v1/tokens", admin)
    assert {one["name"] for one in page["items"]} == {"admin", "grafana"}
    assert all("token" not in one and "digest" not in one for one in page["items"])
    async with site.database.read() as session:
        rows = list(await session.scalars(select(Token)))
    assert all(made["token"] not in str(vars(row)) for row in rows)


@pytest.mark.parametrize(
    ("body", "path", "why"),
    [
        ({"name": "x", "role": "engineer"}, "role", "no token role"),
        ({"name": "x", "role": "root"}, "role", "no role at all"),
        ({"name": "", "role": "viewer"}, "name", "no name"),
        ({"name": "-x", "role": "viewer"}, "name", "looks like an option"),
        ({"name": "a b", "role": "viewer"}, "name", "a space"),
        ({"name": "x\x00", "role": "viewer"}, "name", "a NUL"),
        ({"name": "web-1\n", "role": "agent"}, "name", "a final line break, to look like another agent"),
        ({"name": "x", "role": "viewer", "expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at", "no UTC year"),
        ({"name": "x" * 254, "role": "viewer"}, "name", "too long"),
        ({"name": "x", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "over already"),
        ({"name": "x", "role": "viewer", "expires_at": "2030-01-01T00:00:00"}, "expires_at", "no offset"),
        ({"name": "x", "role": "viewer", "secret": "mine"}, "secret", "an unknown field"),
    ],
)
async def test_a_wrong_token_is_refused_with_the_field(site: Site, body: dict[str, str], path: str, why: str) -> None:
    admin = await site.token(Role.ADMIN)
    status, problem = await site.call("POST", "/api/v1/tokens", admin, body)
    assert (status, [one["path"] for one in problem["errors"]]) == (422, [path]), why


async def test_a_revoked_token_stops_at_once_although_it_was_cached(site: Site) -> None:
    admin, (token, token_id) = await site.token(Role.ADMIN), await site.token_and_id(Role.VIEWER)
    assert (await site.call("GET", "/api/v1/me", token))[0] == 200
    assert (await site.call("DELETE", f"/api/v1/tokens/{token_id}", admin))[0] == 204
    assert (await site.call("GET", "/api/v1/me", token))[0] == 401
    assert (await site.call("DELETE", f"/api/v1/tokens/{token_id}", admin))[0] == 204  # again is no fault
    assert (await site.call("DELETE", "/api/v1/tokens/999999", admin))[0] == 404


async def test_a_token_revoked_by_another_process_stops_within_the_caches_seconds(site: Site) -> None:
    token, token_id = await site.token_and_id(Role.VIEWER)
    assert (await site.call("GET", "/api/v1/me", token))[0] == 200
    async with site.database.write() as session:
        row = await session.get(Token, token_id)
        assert row is not None
        row.revoked_at = site.now
    await site.clock.advance(31)
    assert (await site.call("GET", "/api/v1/me", token))[0] == 401


async def test_states_of_tokens_are_told(site: Site) -> None:
    admin = await site.token(Role.ADMIN)
    soon = site.now + dt.timedelta(seconds=5)
    await site.token(Role.VIEWER, "short", expires_at=soon)
    _, revoked = await site.token_and_id(Role.VIEWER, "gone")
    await site.call("DELETE", f"/api/v1/tokens/{revoked}", admin)
    await site.clock.advance(6)
    _, page = await site.call("GET", "/api/v1/tokens", admin)
    assert {one["name"]: one["state"] for one in page["items"]} == {
        "admin": "active", "short": "expired", "gone": "revoked",
    }  # fmt: skip


async def test_an_enrolment_token_does_not_live_for_ever(site: Site) -> None:
    admin = await site.token(Role.ADMIN)
    _, made = await site.call("POST", "/api/v1/tokens", admin, {"name": "rack-4", "role": "enrol"})
    assert made["expires_at"] == to_rfc3339(site.clock.now_ms() + 7 * 86_400_000).replace(".000Z", "Z")


async def test_last_use_is_written_in_batches(site: Site) -> None:
    token, token_id = await site.token_and_id(Role.ADMIN)
    for _ in range(3):
        await site.call("GET", "/api/v1/me", token)
    used_at = site.now
    async with site.database.read() as session:
        row = await session.get(Token, token_id)
    assert row is not None
    assert row.last_used_at is None
    await site.app[ACCESS].last_used.flush()
    async with site.database.read() as session:
        row = await session.get(Token, token_id)
    assert row is not None
    assert row.last_used_at == used_at


async def test_lists_page(site: Site) -> None:
    admin = await site.token(Role.ADMIN)
    for number in range(4):
        await site.token(Role.VIEWER, f"t{number}")
    names, cursor = [], ""
    while True:
        _, page = await site.call("GET", f"/api/v1/tokens?limit=2{cursor}", admin)
        names += [one["name"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert names == ["admin", "t0", "t1", "t2", "t3"]
    assert (await site.call("GET", "/api/v1/tokens?cursor=aTk5OTk5OTk5OTk5OQ", admin))[0] == 200  # beyond the column


async def test_the_same_wrong_token_is_slowed_down_but_not_its_neighbours(site: Site) -> None:
    good = await site.token(Role.VIEWER)
    seen = [(await site.call("GET", "/api/v1/me", "fw_forgotten"))[0] for _ in range(25)]
    assert seen == [401] * 20 + [429] * 5
    assert (await site.call("GET", "/api/v1/me", good))[0] == 200
    assert (await site.call("GET", "/api/v1/me", "fw_another"))[0] == 401
