from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select

from collector.access.roles import Role
from collector.agents.event_alerts import occurrence, tell, turns
from collector.agents.metrics import AgentMetrics
from collector.evaluation import EVALUATION
from collector.external_alerts.posted import Occurrence
from core.clock import to_rfc3339
from core.errors import Overloaded
from core.facts import EventAlert
from desk.incident import Origin, State
from desk.models import Incident
from tests.collector.agents.reports import event, heartbeat
from tests.collector.conftest import Site

NOW = 1_760_000_000_000
SECOND = 1000


def alert(*, firing: bool = True, name: str = "linkDown", **changes: Any) -> dict[str, Any]:
    labels = {"instance": "core-1", "ifIndex": "3"}
    told = {"name": name, "severity": "major", "labels": labels, "text": "core-1: interface Gi0/3 is down"}
    return told | {"firing": firing, "expire_seconds": 3600.0} | changes


def said(*firing: bool) -> list[tuple[int, EventAlert]]:
    return [(NOW - (len(firing) - n) * SECOND, EventAlert(**alert(firing=one))) for n, one in enumerate(firing)]


@pytest.mark.parametrize(
    ("history", "told", "reason"),
    [
        ([True], [True], "it begins"),
        ([False], [False], "it ends"),
        ([True, True, True], [True], "said three times"),
        ([True, False], [True, False], "it came and went: on record"),
        ([True, False, True], [False, True], "what was before is over, and it is there"),
        ([True, False, True, False], [True, False], "a link that flaps"),
    ],
)
async def test_of_a_trouble_s_history_the_last_two_turns_are_told(
    history: list[bool], told: list[bool], reason: str
) -> None:
    occurrences = [occurrence(one, at_ms, NOW) for at_ms, one in said(*history)]
    assert [one.ends_at_ms > NOW for [one] in turns(occurrences, NOW)] == told, reason


def test_a_clock_that_is_ahead_does_not_make_an_end_a_beginning() -> None:
    ended = occurrence(EventAlert(**alert(firing=False)), NOW + 20 * SECOND, NOW)
    assert ended.ends_at_ms == NOW


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"severity": "terrible"}, "no severity"),
        ({"name": ""}, "no name"),
        ({"labels": {"ifIndex": "3"}}, "nobody's"),
        ({"labels": {"instance": "x", "no label": "3"}}, "no name of a label"),
        ({"labels": {"instance": "x" * 5000}}, "too long"),
        ({"labels": {"instance": "x"} | {f"l{n}": "x" for n in range(99)}}, "too many"),
    ],
)
async def test_what_cannot_be_a_trouble_is_counted_and_left_out(changes: dict[str, Any], reason: str) -> None:
    registry, taken = CollectorRegistry(), list[Occurrence]()

    async def take(turn: Any) -> None:
        taken.extend(turn)

    wrong, good = EventAlert(**alert(**changes)), EventAlert(**alert())
    await tell([(NOW, wrong), (NOW, good)], NOW, take, AgentMetrics(registry))
    assert len(taken) == 1, reason
    assert registry.get_sample_value("forewatch_event_alerts_refused_total") == 1


async def test_a_full_pipeline_does_not_hold_up_reports() -> None:
    async def take(_turn: Any) -> None:
        raise Overloaded("full", retry_after_seconds=1)

    await tell(said(True), NOW, take, AgentMetrics(CollectorRegistry()))


# Over HTTP


async def report(site: Site, token: str, *alerts: dict[str, Any], message: str = "link") -> int:
    told = event(site, message, alerts=list(alerts))
    return (await site.call("POST", "/api/v1/agents/report", token, heartbeat(site, "edge-1", events=[told])))[0]


async def incidents(site: Site) -> list[Incident]:
    async with site.database.read() as session:
        return list(await session.scalars(select(Incident).order_by(Incident.id)))


async def test_a_pair_opens_and_clears_one_incident(site: Site) -> None:
    token = await site.token(Role.AGENT, "edge-1")
    for _ in range(3):
        await site.clock.advance(1)
        assert await report(site, token, alert()) == 204
    [opened] = await incidents(site)
    assert (opened.title, opened.origin) == ("core-1: interface Gi0/3 is down", Origin.MONITORING)
    assert (opened.state, opened.rule, opened.severity) == (State.NEW, "linkDown", "major")
    await site.clock.advance(1)
    assert await report(site, token, alert(firing=False)) == 204
    [restored] = await incidents(site)
    assert restored.state == State.RESTORED


async def test_a_report_that_is_sent_again_begins_nothing_anew(site: Site) -> None:
    token = await site.token(Role.AGENT, "edge-1")
    down = event(site, "down", alerts=[alert()])
    await site.clock.advance(1)
    up = event(site, "up", alerts=[alert(firing=False)])
    for _ in range(2):
        body = heartbeat(site, "edge-1", events=[down])
        assert (await site.call("POST", "/api/v1/agents/report", token, body))[0] == 204
    body = heartbeat(site, "edge-1", events=[down, up])
    for _ in range(2):
        assert (await site.call("POST", "/api/v1/agents/report", token, body))[0] == 204
    assert [one.state for one in await incidents(site)] == [State.RESTORED]


async def test_a_trouble_without_an_end_is_over_when_its_time_is(site: Site) -> None:
    token = await site.token(Role.AGENT, "edge-1")
    assert await report(site, token, alert(expire_seconds=600.0)) == 204
    await site.clock.advance(599)
    await site.app[EVALUATION].events.end_overdue()
    assert [one.state for one in await incidents(site)] == [State.NEW]
    await site.clock.advance(2)
    await site.app[EVALUATION].events.end_overdue()
    assert [one.state for one in await incidents(site)] == [State.RESTORED]


async def test_alerts_of_events_and_of_other_systems_do_not_touch_each_other(site: Site) -> None:
    token, other = await site.token(Role.AGENT, "edge-1"), await site.token(Role.ADMIN)
    assert await report(site, token, alert()) == 204
    labels = {"alertname": "linkDown", "severity": "major", "instance": "core-1", "ifIndex": "3"}
    over = [{"labels": labels, "endsAt": to_rfc3339(site.clock.now_ms())}]
    assert (await site.call("POST", "/alertmanager/api/v2/alerts", other, over))[0] == 200
    assert [one.state for one in await incidents(site)] == [State.NEW]


async def test_events_are_listed_the_newest_first_with_their_items(site: Site) -> None:
    token, admin = await site.token(Role.AGENT, "edge-1"), await site.token(Role.ADMIN)
    await site.call("POST", "/api/v1/cis", admin, {"name": "core-1", "class": "switch"})
    await site.app[EVALUATION].register.refresh()
    for n in range(3):
        assert await report(site, token, message=f"event {n}") == 204
    other = heartbeat(site, "edge-1", events=[event(site, "else", target="core-2", kind="log")])
    assert (await site.call("POST", "/api/v1/agents/report", token, other))[0] == 204

    _, page = await site.call("GET", "/api/v1/events?limit=2&target=core-1", admin)
    assert [one["message"] for one in page["items"]] == ["event 2", "event 1"]
    assert page["items"][0]["ci"]["name"] == "core-1"
    assert page["items"][0]["agent"] == "edge-1"
    _, rest = await site.call("GET", f"/api/v1/events?limit=2&target=core-1&cursor={page['next']}", admin)
    assert [one["message"] for one in rest["items"]] == ["event 0"]
    _, logs = await site.call("GET", "/api/v1/events?kind=log", admin)
    assert [(one["target"], one["ci"]) for one in logs["items"]] == [("core-2", None)]
