from __future__ import annotations

import subprocess

import pytest

from collector.access.roles import Role
from collector.metrics import REGISTRY
from tests.collector.conftest import Site, StartSite
from tests.servers.require import require_program


async def test_promtool_finds_nothing_to_complain_about(site: Site) -> None:
    promtool = require_program("promtool", "prometheus")
    token = await site.token(Role.AGENT, "web-1")
    await site.call("POST", "/api/v1/agents/report", token, {})
    await site.call("GET", "/nowhere")
    _, text = await site.call("GET", "/metrics")
    command = [promtool, "check", "metrics"]
    checked = subprocess.run(command, check=False, input=text.encode(), capture_output=True, timeout=30)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


async def test_every_metric_is_ours_or_a_standard_one(site: Site) -> None:
    for family in site.app[REGISTRY].collect():
        assert family.name.startswith(("forewatch_", "process_", "python_")), family.name
        assert family.documentation, family.name


@pytest.mark.parametrize(
    ("headers", "trusted", "role", "status", "why"),
    [
        ({}, (), None, 200, "this machine needs no credential"),
        ({"X-Forwarded-For": "127.0.0.1"}, (), None, 401, "a proxy here that nobody named"),
        ({"Via": "1.1 proxy"}, (), None, 401, "a proxy here that hides who asks"),
        ({"X-Forwarded-For": "198.51.100.7"}, ("127.0.0.1",), None, 401, "our proxy says that it comes from elsewhere"),
        ({"X-Forwarded-For": "127.0.0.1"}, ("127.0.0.1",), None, 200, "our proxy says that it comes from here"),
        ({"X-Forwarded-For": "198.51.100.7"}, ("127.0.0.1",), Role.VIEWER, 200, "elsewhere with a viewer's token"),
        ({"X-Forwarded-For": "198.51.100.7"}, ("127.0.0.1",), Role.AGENT, 403, "elsewhere with an agent's token"),
    ],
)
async def test_metrics_are_open_to_this_machine_only(
    start_site: StartSite, headers: dict[str, str], trusted: tuple[str, ...], role: Role | None, status: int, why: str
) -> None:
    site = await start_site(trusted_proxies=trusted)
    token = await site.token(role) if role else None
    assert (await site.call("GET", "/metrics", token, None, **headers))[0] == status, why


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text"),
        ("application/openmetrics-text; version=abc", "text/plain"),
        ("text/plain; version=1.x.0", "text/plain"),
        (";;,=", "text/plain"),
    ],
)
async def test_a_format_that_nobody_knows_gets_the_plain_one(site: Site, accept: str, content_type: str) -> None:
    async with site.client.get("/metrics", headers={"Accept": accept}) as response:
        assert (response.status, response.content_type) == (200, content_type)


async def test_requests_are_counted_by_pattern_never_by_path(site: Site) -> None:
    admin = await site.token(Role.ADMIN)
    for number in range(5):
        await site.call("DELETE", f"/api/v1/tokens/{90000 + number}", admin)
        await site.call("GET", f"/made/up/{number}")
    await site.call("PROPFIND", "/metrics")
    value = site.app[REGISTRY].get_sample_value
    name = "forewatch_http_requests_total"
    route = r"/api/v1/tokens/{id:\d{1,9}}"
    assert value(name, {"method": "DELETE", "route": route, "code": "404"}) == 5
    assert value(name, {"method": "GET", "route": "unmatched", "code": "404"}) == 5
    assert value(name, {"method": "other", "route": "unmatched", "code": "405"}) == 1


async def test_refusals_and_sign_ins_are_counted_with_their_reason(site: Site) -> None:
    await site.user("alice", Role.OPERATOR)
    await site.login("alice")
    await site.login("alice", "wrong password")
    viewer = await site.token(Role.VIEWER)
    await site.call("GET", "/api/v1/tokens", viewer)
    await site.call("GET", "/api/v1/tokens", "fw_wrong")
    value = site.app[REGISTRY].get_sample_value
    assert value("forewatch_logins_total", {"result": "accepted"}) == 1
    assert value("forewatch_logins_total", {"result": "wrong"}) == 1
    assert value("forewatch_access_refused_total", {"reason": "forbidden"}) == 1
    assert value("forewatch_access_refused_total", {"reason": "unknown"}) == 1


async def test_openmetrics_is_given_to_those_who_ask(site: Site) -> None:
    async with site.client.get("/metrics", headers={"Accept": "application/openmetrics-text"}) as response:
        assert response.headers["Content-Type"].startswith("application/openmetrics-text")
        assert (await response.text()).endswith("# EOF\n")
