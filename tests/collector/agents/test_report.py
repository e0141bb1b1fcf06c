from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest
from sqlalchemy import select

from cmdb.models import ConfigurationItem
from collector.access.roles import Role
from collector.agents.models import AgentEvent, AgentTarget
from collector.agents.service import AGENTS
from core.clock import to_datetime, to_rfc3339
from tests.collector.agents.reports import event, heartbeat, target
from tests.collector.conftest import Site

HOST = target("web-1", name="web-1", serial_number="SN-4711", os_name="Debian")
SWITCH = target("core-1", "snmp", name="core-1", management_address="10.0.0.1", device_class="switch")


async def send(site: Site, token: str, report: dict[str, Any]) -> int:
    return (await site.call("POST", "/api/v1/agents/report", token, report))[0]


async def shown(site: Site) -> dict[str, Any]:
    viewer = await site.token(Role.VIEWER)
    _, page = await site.call("GET", "/api/v1/agents", viewer)
    assert len(page["items"]) == 1
    return dict((await site.call("GET", f"/api/v1/agents/{page['items'][0]['id']}", viewer))[1])


async def test_reported_targets_become_configuration_items(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    assert await send(site, token, heartbeat(site, "web-1", targets=[HOST, SWITCH])) == 204
    agent = await shown(site)
    assert (agent["name"], agent["version"], agent["boot"], agent["targets"]) == ("web-1", "0.1.0", "b00t", 2)
    async with site.database.read() as session:
        names = {ci.id: ci.name for ci in await session.scalars(select(ConfigurationItem))}
    assert sorted(names.values()) == ["core-1", "web-1"]
    assert {one["instance"]: names[one["ci_id"]] for one in agent["watches"]} == {"web-1": "web-1", "core-1": "core-1"}


async def test_a_report_sent_again_changes_nothing(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    report = heartbeat(site, "web-1", targets=[HOST], events=[event(site), event(site, "link up")])
    for _ in range(3):
        assert await send(site, token, report) == 204
    async with site.database.read() as session:
        assert len(list(await session.scalars(select(ConfigurationItem)))) == 1
        assert len(list(await session.scalars(select(AgentTarget)))) == 1
        assert sorted(one.message for one in await session.scalars(select(AgentEvent))) == ["link down", "link up"]


@pytest.mark.parametrize("targets", [None, []])
async def test_a_heartbeat_leaves_the_targets_as_they_are(site: Site, targets: list[Any] | None) -> None:
    token = await site.token(Role.AGENT, "web-1")
    await send(site, token, heartbeat(site, "web-1", targets=[HOST]))
    await site.clock.advance(60)
    assert await send(site, token, heartbeat(site, "web-1", targets=targets)) == 204
    agent = await shown(site)
    assert agent["targets"] == 1
    assert agent["last_report_at"] == to_rfc3339(site.clock.now_ms()).replace(".000Z", "Z")


async def test_targets_that_are_no_longer_watched_go_and_their_items_stay(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    await send(site, token, heartbeat(site, "web-1", targets=[HOST, SWITCH]))
    await send(site, token, heartbeat(site, "web-1", targets=[HOST]))
    assert [one["instance"] for one in (await shown(site))["watches"]] == ["web-1"]
    async with site.database.read() as session:
        assert len(list(await session.scalars(select(ConfigurationItem)))) == 2


async def test_a_target_that_could_not_be_asked_makes_no_item(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    assert await send(site, token, heartbeat(site, "web-1", targets=[target("silent", "snmp")])) == 204
    assert (await shown(site))["watches"][0]["ci_id"] is None


async def test_an_agent_cannot_report_for_another(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    assert await send(site, token, heartbeat(site, "web-2")) == 403


async def test_reports_of_one_agent_at_once_do_not_get_in_each_others_way(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    report = heartbeat(site, "web-1", targets=[HOST, SWITCH], events=[event(site)])
    assert await asyncio.gather(*(send(site, token, report) for _ in range(6))) == [204] * 6
    assert len((await shown(site))["watches"]) == 2


async def test_hundreds_of_targets_are_taken_in(site: Site) -> None:
    token = await site.token(Role.AGENT, "poller")
    targets = [target(f"sw-{n}", "snmp", name=f"sw-{n}", management_address=f"10.0.1.{n}") for n in range(60)]
    assert await send(site, token, heartbeat(site, "poller", targets=targets)) == 204
    assert all(one["ci_id"] for one in (await shown(site))["watches"])


async def test_a_clock_that_is_a_day_off_is_shown_and_events_are_put_right(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    yesterday = to_rfc3339(site.clock.now_ms() - 86_400_000)
    report = heartbeat(site, "web-1", sent_at=yesterday, events=[event(site, at=yesterday)])
    assert await send(site, token, report) == 204
    assert (await shown(site))["clock_skew_seconds"] == 86_400
    async with site.database.read() as session:
        (stored,) = await session.scalars(select(AgentEvent))
    assert stored.at == to_datetime(site.clock.now_ms())


async def test_a_wrong_event_costs_itself_only(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    events = [event(site, at="yesterday"), event(site, "good"), event(site, at="2026-01-02T03:04:05")]
    events += [event(site, at="9999-12-31T23:59:59-14:00"), event(site, at="0001-01-01T00:00:00+14:00")]
    assert await send(site, token, heartbeat(site, "web-1", events=events)) == 204
    async with site.database.read() as session:
        assert [one.message for one in await session.scalars(select(AgentEvent))] == ["good"]
    _, text = await site.call("GET", "/metrics")
    assert 'forewatch_agent_events_total{result="refused"} 4.0' in text


async def test_a_clock_that_is_ages_off_takes_no_event_out_of_time(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    for at in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        events = [event(site, at="0001-01-01T00:00:00Z"), event(site, at="9999-12-31T23:59:59Z")]
        assert await send(site, token, heartbeat(site, "web-1", sent_at=at, events=events)) == 204
        assert (await site.call("GET", "/api/v1/agents", await site.token(Role.VIEWER)))[0] == 200


async def test_nul_characters_of_a_device_are_replaced(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    dirty = target("core-1", "snmp", name="core\x00-1", sys_descr="IOS\x00", management_address="10.0.0.1")
    report = heartbeat(site, "web-1", targets=[dirty], events=[event(site, "a\x00b", attributes={"k\x00": "v"})])
    assert await send(site, token, report) == 204
    async with site.database.read() as session:
        (stored,) = await session.scalars(select(AgentEvent))
    assert stored.message == "a\ufffdb"
    assert stored.attributes == {"k\ufffd": "v"}


@pytest.mark.parametrize(
    ("change", "status", "why"),
    [
        ({"sent_at": "now"}, 422, "no time"),
        ({"sent_at": "2026-01-02T03:04:05"}, 422, "no offset"),
        ({"sent_at": "0001-01-01T00:00:00+14:00"}, 422, "before the first year of UTC"),
        ({"sent_at": "9999-12-31T23:59:59-14:00"}, 422, "after its last"),
        ({"targets": [target("", "node")]}, 422, "a target without a name"),
        ({"targets": [target("x" * 513)]}, 422, "an endless name"),
        ({"targets": [target("x", "")]}, 422, "no job"),
        ({"targets": "all"}, 422, "no list"),
        ({"targets": [target("x")] * 10_001}, 422, "too many targets"),
        ({"events": [{}]}, 422, "an event without fields"),
        ({"boot": "b" * 129}, 422, "an endless boot"),
        (
            {"targets": [{"instance": "x", "job": "node", "facts": {"cpu_count": "many"}}]},
            422,
            "a wrong type",
        ),
    ],
)
async def test_a_wrong_report_is_refused_whole(site: Site, change: dict[str, Any], status: int, why: str) -> None:
    token = await site.token(Role.AGENT, "web-1")
    assert await send(site, token, heartbeat(site, "web-1", **change)) == status, why


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    body = io.BytesIO(b'{"agent": "' + b"x" * (33 << 20) + b'"}')
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    async with site.client.post("/api/v1/agents/report", data=body, headers=headers) as response:
        assert response.status == 413


async def test_heartbeats_cost_no_transaction_until_they_are_flushed(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    await send(site, token, heartbeat(site, "web-1"))
    first = site.now
    await site.clock.advance(20)
    await send(site, token, heartbeat(site, "web-1"))
    assert await last_report_in_database(site) == first
    await site.app[AGENTS].roster.flush()
    assert await last_report_in_database(site) == site.now


async def test_a_new_boot_is_recorded_at_once(site: Site) -> None:
    token = await site.token(Role.AGENT, "web-1")
    await send(site, token, heartbeat(site, "web-1"))
    await site.clock.advance(20)
    await send(site, token, heartbeat(site, "web-1", boot="other"))
    assert await last_report_in_database(site) == site.now


async def last_report_in_database(site: Site) -> Any:
    from collector.agents.models import Agent

    async with site.database.read() as session:
        return (await session.scalars(select(Agent.last_report_at))).one()
