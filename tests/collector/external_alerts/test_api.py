"""Alerts of other systems over HTTP, down to incidents, on both databases."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import select

from collector.access.roles import Role
from collector.evaluation import EVALUATION
from collector.external_alerts.api import MAX_BODY_BYTES
from core.clock import to_rfc3339
from core.errors import StorageError
from desk.incident import Origin, State
from desk.models import Incident
from tests.collector.conftest import Site

PATH = "/alertmanager/api/v2/alerts"
DOWN = {"labels": {"alertname": "Down", "instance": "web-1", "severity": "critical"},
        "annotations": {"summary": "web-1 is down"}, "generatorURL": "http://prometheus:9090/graph"}  # fmt: skip


@pytest.fixture
async def sender(site: Site) -> str:
    return await site.token(Role.AGENT, "prometheus")


async def push(site: Site, token: str, *alerts: object) -> int:
    return (await site.call("POST", PATH, token, list(alerts)))[0]


async def incidents(site: Site) -> list[Incident]:
    async with site.database.read() as session:
        return list(await session.scalars(select(Incident).order_by(Incident.id)))


def counted(site: Site, outcome: str) -> float:
    return site.app[EVALUATION].external.metrics.received.labels(outcome)._value.get()


async def test_an_alert_opens_an_incident_once_however_often_it_is_pushed(site: Site, sender: str) -> None:
    for _ in range(3):
        assert await push(site, sender, DOWN, DOWN) == 200
    [incident] = await incidents(site)
    assert (incident.origin, incident.title, incident.rule) == (Origin.EXTERNAL, "web-1 is down", "Down")
    assert incident.annotations["forewatch_generator_url"] == "http://prometheus:9090/graph"
    assert (counted(site, "fired"), counted(site, "refreshed")) == (1, 2)


async def test_its_end_restores_the_incident(site: Site, sender: str) -> None:
    await push(site, sender, DOWN)
    await push(site, sender, DOWN | {"endsAt": to_rfc3339(site.clock.now_ms())})
    assert [incident.state for incident in await incidents(site)] == [State.RESTORED]
    await push(site, sender, DOWN | {"endsAt": to_rfc3339(site.clock.now_ms())})
    assert (counted(site, "resolved"), counted(site, "unknown")) == (1, 1)


async def test_what_nobody_refreshes_ends_after_five_minutes(site: Site, sender: str) -> None:
    external = site.app[EVALUATION].external
    await push(site, sender, DOWN)
    site.clock.set_wall(site.clock.now_ms() + 299_000)
    await external.end_overdue()
    assert len(external) == 1
    site.clock.set_wall(site.clock.now_ms() + 1_000)
    await external.end_overdue()
    assert [incident.state for incident in await incidents(site)] == [State.RESTORED]


async def test_a_restart_goes_on_where_it_was(start_site, clock) -> None:
    first = await start_site()
    token = await first.token(Role.AGENT)
    await push(first, token, DOWN)
    await first.client.close()
    second = await start_site()
    evaluation = second.app[EVALUATION]
    await evaluation.tick.once(clock.now_ms())  # no rule of ours stands behind it; that ends nothing
    assert len(evaluation.external) == 1
    await push(second, token, DOWN)
    assert counted(second, "refreshed") == 1
    await push(second, token, DOWN | {"endsAt": to_rfc3339(clock.now_ms())})
    assert [incident.state for incident in await incidents(second)] == [State.RESTORED]


async def test_the_good_ones_of_a_push_are_taken_and_the_others_named(site: Site, sender: str) -> None:
    status, wrong = await site.call("POST", PATH, sender, [{"labels": {"a-b": "x"}}, DOWN, {"labels": {}}])
    assert status == 400
    assert isinstance(wrong, str), "as Alertmanager has it"
    assert "alert 1" in wrong
    assert "alert 3" in wrong
    assert (len(await incidents(site)), counted(site, "invalid")) == (1, 2)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"labels": {}}, 422),
        ([{"annotations": {}}], 422),
        ([{"labels": {"a": 1}}], 422),
        ([{"labels": {"a": "x"}, "startsAt": 5}], 422),
        ([{"labels": {"a": "\x00"}}], 200),
        ([], 200),
    ],
)
async def test_hostile_bodies(site: Site, sender: str, body, status) -> None:
    assert (await site.call("POST", PATH, sender, body))[0] == status


async def test_a_body_that_is_too_large_is_refused(site: Site, sender: str) -> None:
    headers = {"Authorization": f"Bearer {sender}", "Content-Type": "application/json"}
    async with site.client.post(PATH, data=io.BytesIO(b" " * (MAX_BODY_BYTES + 1)), headers=headers) as answer:
        assert answer.status == 413


async def test_there_is_an_end_to_how_many_are_held(site: Site, sender: str, monkeypatch) -> None:
    monkeypatch.setattr(site.app[EVALUATION].external, "_max_active", 2)
    several = [{"labels": {"alertname": "Down", "instance": str(number)}} for number in range(3)]
    assert await push(site, sender, *several) == 429
    assert (len(site.app[EVALUATION].external), counted(site, "no_room")) == (2, 1)
    assert await push(site, sender, several[0] | {"endsAt": to_rfc3339(site.clock.now_ms())}) == 200
    assert await push(site, sender, several[2]) == 200


async def test_nothing_is_taken_that_the_database_refuses(site: Site, sender: str, monkeypatch) -> None:
    external = site.app[EVALUATION].external

    async def refuse(*_args) -> None:
        raise StorageError("disk full")

    with monkeypatch.context() as context:
        context.setattr(external._recorder, "record", refuse)
        assert await push(site, sender, DOWN) == 503
    assert len(external) == 0
    assert await push(site, sender, DOWN) == 200
    assert len(await incidents(site)) == 1


async def test_whoever_only_reads_may_not_push_but_see_the_status(site: Site) -> None:
    viewer = await site.token(Role.VIEWER)
    assert await push(site, viewer, DOWN) == 403
    status, shown = await site.call("GET", "/alertmanager/api/v2/status", viewer)
    assert (status, shown["cluster"]["status"]) == (200, "disabled")
