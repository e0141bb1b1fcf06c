"""Every route against everybody: nobody gets in where the table does not say so."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from aiohttp import web

from collector.access.middleware import ROUTE_TABLE
from collector.access.roles import Role
from collector.routes import ROUTES, add_routes
from core.access import Permission
from core.http import Route
from tests.collector.conftest import Site

# Who gets in by which permission; written out here, not computed from roles.py.
PEOPLE_WHO_READ = {"viewer", "operator", "engineer", "manager", "admin", "auditor"}
EXPECTED: dict[Permission, set[str]] = {
    Permission.METRICS_READ: PEOPLE_WHO_READ,
    Permission.AGENTS_READ: PEOPLE_WHO_READ,
    Permission.CMDB_READ: PEOPLE_WHO_READ,
    Permission.INCIDENTS_READ: PEOPLE_WHO_READ,
    Permission.CONSOLE: PEOPLE_WHO_READ | {"security_admin"},
    Permission.AUTHENTICATED: PEOPLE_WHO_READ | {"security_admin", "agent"},
    Permission.INCIDENTS_WRITE: {"operator", "engineer", "manager", "admin"},
    Permission.CMDB_WRITE: {"engineer", "admin"},
    Permission.AGENTS_WRITE: {"engineer", "admin"},
    Permission.RULES_RELOAD: {"engineer", "admin"},
    Permission.METRICS_WRITE: {"agent", "admin"},
    Permission.AGENT_REPORT: {"agent"},
    Permission.AGENT_ENROL: {"enrol"},
    Permission.TOKENS_MANAGE: {"admin", "security_admin"},
    Permission.USERS_MANAGE: {"admin", "security_admin"},
}
ROLES = {"viewer", "operator", "engineer", "manager", "admin", "security_admin", "auditor", "agent", "enrol"}


def concrete(path: str) -> str:
    """A path that matches the route's pattern and names nothing that exists."""
    return re.sub(r"\{(\w+)(?::(?:[^{}]|\{[^{}]*\})*)?\}", "999999", path)


async def status_of(site: Site, route: Route, token: str | None, **headers: str) -> int:
    body = {} if route.method in ("POST", "PUT", "PATCH") else None
    status, _ = await site.call(route.method, concrete(route.path), token, body, **headers)
    return status


def test_the_table_names_every_permission_and_every_role() -> None:
    assert set(EXPECTED) == set(Permission) - {Permission.PUBLIC, Permission.LOOPBACK}
    assert {str(role) for role in Role} == ROLES


async def test_nobody_anonymous_passes_a_guarded_route(site: Site) -> None:
    for route in ROUTES:
        status = await status_of(site, route, None)
        if route.permission in (Permission.PUBLIC, Permission.LOOPBACK):
            assert status != 403, route.path
            if "login" not in route.path:
                assert status != 401, route.path
        else:
            assert status == 401, f"{route.method} {route.path} answered {status} to nobody"


async def test_each_role_gets_in_where_the_table_says_and_nowhere_else(site: Site) -> None:
    wrong = []
    for role in Role:
        token = await site.token(role)
        for route in ROUTES:
            if route.permission in (Permission.PUBLIC, Permission.LOOPBACK):
                continue
            status = await status_of(site, route, token)
            allowed = role in EXPECTED[route.permission]
            if (status in (401, 403)) is allowed or status >= 500:
                wrong.append(f"{role} {route.method} {route.path}: {status}")
    assert wrong == []


@pytest.mark.parametrize("why", ["expired", "revoked", "unknown", "malformed", "empty"])
async def test_a_credential_that_does_not_count_opens_no_guarded_route(site: Site, why: str) -> None:
    headers = {}
    token: str | None = None
    if why == "expired":
        token = await site.token(Role.ADMIN, expires_at=site.now - dt.timedelta(seconds=1))
    elif why == "revoked":
        token, token_id = await site.token_and_id(Role.ADMIN)
        assert (await site.call("GET", "/api/v1/me", token))[0] == 200
        admin = await site.token(Role.ADMIN, "other")
        assert (await site.call("DELETE", f"/api/v1/tokens/{token_id}", admin))[0] == 204
    else:
        headers["Authorization"] = {"unknown": "Bearer fw_no", "malformed": "Digest x", "empty": "Bearer "}[why]
    guarded = [route for route in ROUTES if route.permission not in (Permission.PUBLIC, Permission.LOOPBACK)]
    seen = {await status_of(site, route, token, **headers) for route in guarded}
    assert seen <= {401, 429}  # 429 once the same wrong token came too often
    assert 401 in seen


def test_everything_that_the_router_knows_has_a_permission() -> None:
    app = web.Application()
    app[ROUTE_TABLE] = {}
    add_routes(app, ROUTES)
    for route in app.router.routes():
        assert isinstance(app[ROUTE_TABLE][route].permission, Permission)


async def test_a_route_that_slipped_past_the_table_is_closed(site: Site) -> None:
    known = site.app[ROUTE_TABLE]
    gone = next(key for key, route in known.items() if route.path == "/api/v1/me")
    del known[gone]
    admin = await site.token(Role.ADMIN)
    status, problem = await site.call("GET", "/api/v1/me", admin)
    assert status == 403
    assert "declares no permission" in problem["detail"]


async def _handler(_request: web.Request) -> None: ...


@pytest.mark.parametrize(
    "route",
    [
        web.get("/open", _handler),  # aiohttp's own definition bypasses permissions
        Route("GET", "/open", _handler, None, "No permission"),  # type: ignore[arg-type]
        Route("GET", "/open", _handler, "cmdb:read", "Not of the enum"),  # type: ignore[arg-type]
    ],
)
def test_building_fails_for_a_route_without_permission(route: object) -> None:
    app = web.Application()
    app[ROUTE_TABLE] = {}
    with pytest.raises(TypeError, match="declares no permission"):
        add_routes(app, [route])  # type: ignore[list-item]


def test_building_fails_for_two_routes_of_one_path() -> None:
    app = web.Application()
    app[ROUTE_TABLE] = {}
    one = Route("GET", "/twice", _handler, Permission.PUBLIC, "One")
    with pytest.raises(ValueError, match="two routes for GET /twice"):
        add_routes(app, [one, one])


async def test_401_says_how_to_authenticate(site: Site) -> None:
    async with site.client.get("/api/v1/tokens") as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="forewatch"'
        assert response.content_type == "application/problem+json"


async def test_head_is_guarded_as_get_is(site: Site) -> None:
    assert (await site.call("HEAD", "/api/v1/tokens"))[0] == 401
    assert (await site.call("HEAD", "/-/healthy"))[0] == 200
