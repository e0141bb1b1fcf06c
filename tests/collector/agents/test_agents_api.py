from __future__ import annotations

import datetime as dt

import pytest

from collector.access.roles import Role
from collector.agents.views import state_of
from collector.metrics import REGISTRY
from core.labels import labels
from core.remote_write import CONTENT_HEADERS, compress, encode_labels, encode_write_request
from tests.collector.agents.reports import heartbeat
from tests.collector.conftest import Site

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("ages", "state", "why"),
    [
        ([None, None], "silent", "never heard of"),
        ([0, None], "ok", "just reported"),
        ([179, None], "ok", "two heartbeats are missing"),
        ([180, None], "silent", "three heartbeats are missing"),
        ([3600, 10], "ok", "it pushes"),
    ],
)
def test_an_agent_is_silent_after_three_heartbeats(ages: list[int | None], state: str, why: str) -> None:
    heard = [None if age is None else NOW - dt.timedelta(seconds=age) for age in ages]
    assert state_of(NOW, *heard) == state, why


async def test_an_agent_goes_silent_and_a_push_brings_it_back(site: Site) -> None:
    token, viewer = await site.token(Role.AGENT, "web-1"), await site.token(Role.VIEWER)
    await site.call("POST", "/api/v1/agents/report", token, heartbeat(site, "web-1"))
    await site.clock.advance(181)
    assert (await site.call("GET", "/api/v1/agents", viewer))[1]["items"][0]["state"] == "silent"
    await push(site, token)
    (agent,) = (await site.call("GET", "/api/v1/agents", viewer))[1]["items"]
    assert agent["state"] == "ok"
    assert agent["last_push_at"] is not None
    assert agent["last_report_at"] < agent["last_push_at"]


async def push(site: Site, token: str) -> None:
    series = encode_labels(labels(__name__="up", instance="web-1", job="node"))
    body = compress(encode_write_request([(series, 1.0, site.clock.now_ms())]))
    headers = {**CONTENT_HEADERS, "Authorization": f"Bearer {token}"}
    async with site.client.post("/prometheus/api/v1/write", data=body, headers=headers) as response:
        assert response.status == 204, await response.text()


async def test_unknown_agents_are_not_found(site: Site) -> None:
    admin = await site.token(Role.ADMIN)
    for method in ("GET", "DELETE"):
        assert (await site.call(method, "/api/v1/agents/7", admin))[0] == 404


async def test_the_last_report_is_a_metric_until_the_agent_is_retired(site: Site) -> None:
    token, admin = await site.token(Role.AGENT, "web-1"), await site.token(Role.ADMIN)
    await site.call("POST", "/api/v1/agents/report", token, heartbeat(site, "web-1"))
    value = site.app[REGISTRY].get_sample_value
    name = "forewatch_agent_last_report_timestamp_seconds"
    assert value(name, {"agent": "web-1"}) == site.clock.now_ms() / 1000
    _, page = await site.call("GET", "/api/v1/agents", admin)
    await site.call("DELETE", f"/api/v1/agents/{page['items'][0]['id']}", admin)
    assert value(name, {"agent": "web-1"}) is None
