from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from cmdb.models import ConfigurationItem, Relation
from core.access import PRINCIPAL, Permission, Principal
from core.clock import ManualClock, to_ms
from core.database import Database
from core.http import CLOCK, DATABASE, problem_middleware
from desk import store, views
from desk.api import NOTIFIER, ROUTES
from desk.bulk import insert_all
from desk.correlation import Reason
from desk.models import Suppression
from desk.outbox import Dead, Kind
from desk.outbox_store import enqueue, lease, settle
from desk.sender import OutboxSender
from desk.symptoms import adopt_symptoms, join_symptoms, lead_with
from tests.desk.cast import NOON, add_ci, after, alert_record, new_incident, restore


class Notifier:
    """Counts how often it was woken."""

    external_url = "https://fw.example.org"
    channels = ("ops",)

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


class Desk:
    """The API over HTTP, with requests made by li."""

    def __init__(
        self, client: TestClient[Any, Any], database: Database, notifier: Notifier, clock: ManualClock
    ) -> None:
        self.client = client
        self.database = database
        self.notifier = notifier
        self.clock = clock

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.client.get(f"/api/v1/{path}") as response:
            assert response.status == status, await response.text()
            return await response.json(content_type=None)

    async def post(self, path: str, body: object = None, status: int = 200) -> Any:
        async with self.client.post(f"/api/v1/{path}", json=body) as response:
            assert response.status == status, await response.text()
            return await response.json(content_type=None)

    async def open(self, instance: str = "core-1", **changes: Any) -> int:
        async with self.database.write() as session:
            return (await store.open_incident(session, new_incident(instance, **changes), NOON)).incident.id

    async def restore(self, incident_id: int) -> None:
        async with self.database.write() as session:
            incident = await session.get_one(store.Incident, incident_id)
            await restore(session, incident, after(minutes=1))


@pytest.fixture
async def desk(database: Database, clock: ManualClock) -> AsyncIterator[Desk]:
    @web.middleware
    async def as_li(request: web.Request, handler: Any) -> web.StreamResponse:
        request[PRINCIPAL] = Principal("user", "li", "operator", frozenset(Permission))
        return await handler(request)  # type: ignore[no-any-return]

    clock.set_wall(to_ms(NOON))
    notifier = Notifier()
    app = web.Application(middlewares=[problem_middleware, as_li])
    app[DATABASE], app[CLOCK], app[NOTIFIER] = database, clock, notifier
    for route in ROUTES:
        app.router.add_route(route.method, route.path, route.__call__)
    async with TestClient(TestServer(app)) as client:
        yield Desk(client, database, notifier, clock)


async def test_an_incident_has_at_least_what_the_interface_promises(desk: Desk) -> None:
    async with desk.database.write() as session:
        switch = await add_ci(session, "core-1")
    await desk.open(ci_id=switch, services=["户籍系统"])
    page = await desk.get("incidents?state=open")
    assert page["next"] is None
    [incident] = page["items"]
    assert incident | {
        "number": "INC-000001", "state": "new", "priority": "P1", "rule": "TargetDown", "services": ["户籍系统"],
        "ci": {"id": switch, "code": "SWI-core-1", "name": "core-1", "class": "switch"}, "origin": "monitoring",
        "labels": {"alertname": "TargetDown", "instance": "core-1"}, "symptom_of": None, "cause_of": [], "symptoms": 0,
        "opened_at": "2026-03-02T12:00:00Z", "acknowledged_at": None, "restored_at": None, "closed_at": None,
        "assignee": None, "title": "core-1 does not answer",
    } == incident  # fmt: skip
    assert msgspec.convert(incident, views.Incident).fingerprint == new_incident().fingerprint


async def test_lists_are_cut_by_state_newest_first_and_page_by_page(desk: Desk) -> None:
    ids = [await desk.open(f"host-{number}") for number in range(5)]
    await desk.restore(ids[1])
    await desk.restore(ids[2])
    await desk.post(f"incidents/{ids[2]}/close")

    async def listed(query: str) -> list[int]:
        found: list[int] = []
        page = await desk.get(f"incidents?limit=2&{query}")
        while True:
            found += [one["id"] for one in page["items"]]
            if page["next"] is None:
                return found
            page = await desk.get(f"incidents?limit=2&{query}&cursor={page['next']}")

    assert await listed("") == ids[::-1]
    assert await listed("state=all") == ids[::-1]
    assert await listed("state=open") == [ids[4], ids[3], ids[0]]
    assert await listed("state=restored") == [ids[1]]
    assert await listed("state=closed") == [ids[2]]


@pytest.mark.parametrize("query", ["state=lost", "limit=0", "limit=x", "colour=red", "cursor=made-up"])
async def test_a_wrong_query_is_refused(desk: Desk, query: str) -> None:
    assert (await desk.get(f"incidents?{query}", 400))["status"] == 400


async def test_an_incident_is_found_by_id_and_by_number(desk: Desk) -> None:
    incident_id = await desk.open()
    by_id, by_number = await desk.get(f"incidents/{incident_id}"), await desk.get("incidents/inc-000001")
    assert by_id == by_number
    assert [(line["actor"], line["kind"]) for line in by_id["timeline"]] == [("forewatch", "opened")]


@pytest.mark.parametrize("key", ["99", "INC-9", "x", "9" * 30, "%00", "٣", "'; DROP TABLE incidents; --"])
async def test_an_incident_that_is_not_there_is_not_found(desk: Desk, key: str) -> None:
    await desk.get(f"incidents/{key}", 404)
    await desk.post(f"incidents/{key}/acknowledge", status=404)


async def test_the_whole_way_from_page_to_closing(desk: Desk) -> None:
    one = f"incidents/{await desk.open()}"
    acknowledged = await desk.post(f"{one}/acknowledge")
    assert (acknowledged["state"], acknowledged["assignee"]) == ("assigned", "li")
    assert acknowledged["acknowledged_at"] == "2026-03-02T12:00:00Z"
    assert (await desk.post(f"{one}/assign", {"assignee": "wu"}))["assignee"] == "wu"
    assert (await desk.post(f"{one}/start"))["state"] == "in_progress"
    pending = await desk.post(f"{one}/pend", {"reason": "等待备件"})
    assert (pending["state"], pending["pending_reason"]) == ("pending", "等待备件")
    await desk.clock.advance(60)
    resolved = await desk.post(f"{one}/resolve", {"code": "fixed", "solution": "更换光模块"})
    assert (resolved["state"], resolved["solution"], resolved["pending_reason"]) == ("resolved", "更换光模块", None)
    await desk.post(f"{one}/comments", {"text": "谢谢"}, 201)
    assert (await desk.post(f"{one}/close"))["closed_at"] == "2026-03-02T12:01:00Z"
    timeline = (await desk.get(one))["timeline"]
    assert [(line["actor"], line["kind"], line["detail"]) for line in timeline[1:]] == [
        ("li", "acknowledged", ""), ("li", "assigned", "wu"), ("li", "started", ""), ("li", "pended", "等待备件"),
        ("li", "resolved", "fixed: 更换光模块"), ("li", "comment", "谢谢"), ("li", "closed", ""),
    ]  # fmt: skip


async def test_what_may_not_happen_now_is_refused_with_its_reason(desk: Desk) -> None:
    one = f"incidents/{await desk.open()}"
    problem = await desk.post(f"{one}/close", status=409)
    assert problem["type"] == "urn:forewatch:refusal:not_resolved"
    assert problem["detail"].startswith("not_resolved: ")
    await desk.post(f"{one}/acknowledge")
    assert "already_acknowledged" in (await desk.post(f"{one}/acknowledge", status=409))["detail"]
    assert len((await desk.get(one))["timeline"]) == 2  # a refusal leaves no trace


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("assign", {}),
        ("assign", {"assignee": " "}),
        ("assign", {"assignee": "a\nb"}),
        ("assign", {"assignee": "a\n"}),
        ("assign", {"assignee": "\x1b"}),
        ("assign", {"assignee": "li", "colour": "red"}),
        ("pend", {"reason": ""}),
        ("resolve", {"code": "fixed"}),
        ("comments", {"text": ""}),
        ("comments", {"text": "a\x00b"}),
        ("comments", {"text": "\n \n"}),
        ("comments", {"text": "x" * 10_001}),
    ],
)
async def test_a_wrong_body_is_refused_with_its_field(desk: Desk, path: str, body: dict[str, str]) -> None:
    problem = await desk.post(f"incidents/{await desk.open()}/{path}", body, 422)
    assert problem["errors"]


async def test_a_person_reports_an_incident_and_it_is_paged(desk: Desk) -> None:
    async with desk.database.write() as session:
        await add_ci(session, "web-1", "server")
    body = {"title": "登录不了", "description": "从早上开始", "ci": "SER-web-1", "services": ["户籍系统"], "urgency": 2}
    incident = await desk.post("incidents", body, 201)
    assert (incident["origin"], incident["priority"], incident["fingerprint"]) == ("user", "P2", None)
    assert incident["ci"]["name"] == "web-1"
    [paged] = (await desk.get("notifications"))["items"]
    assert (paged["kind"], paged["channel"], paged["incident"]) == ("opened", "ops", incident["number"])
    assert desk.notifier.woken == 1
    await desk.post(f"incidents/{incident['id']}/resolve", {"solution": "重启"})
    assert [one["kind"] for one in (await desk.get("notifications"))["items"]] == ["resolved", "opened"]
    assert (await desk.get(f"incidents/{incident['id']}"))["timeline"][0]["actor"] == "li"


async def test_what_a_report_hits_follows_from_the_register(desk: Desk) -> None:
    async with desk.database.write() as session:
        host, service = await add_ci(session, "web-1", "server"), await add_ci(session, "户籍系统", "business_service")
        (await session.get_one(ConfigurationItem, service)).attributes = {"impact": "department"}
        session.add(Relation(source_id=service, target_id=host, type="depends_on", created_at=NOON, created_by="li"))
    incident = await desk.post("incidents", {"title": "down", "ci": host, "urgency": 1}, 201)
    assert (incident["services"], incident["impact"], incident["priority"]) == (["户籍系统"], "department", "P1")
    stated = await desk.post("incidents", {"title": "slow", "ci": host, "impact": "person", "services": ["邮件"]}, 201)
    assert (stated["services"], stated["impact"]) == (["邮件"], "person")


async def test_a_report_about_an_item_that_is_not_there_is_refused(desk: Desk) -> None:
    problem = await desk.post("incidents", {"title": "x", "ci": "SRV-404"}, 422)
    assert problem["errors"][0]["path"] == "ci"
    assert (await desk.get("incidents"))["items"] == []


async def test_resolving_what_an_alert_stands_behind_sends_nothing_yet(desk: Desk) -> None:
    incident_id = await desk.open()
    async with desk.database.write() as session:
        await enqueue(session, await session.get_one(store.Incident, incident_id), Kind.OPENED, ["ops"], NOON)
    await desk.post(f"incidents/{incident_id}/resolve", {"solution": "cable"})
    assert [one["kind"] for one in (await desk.get(f"notifications?incident={incident_id}"))["items"]] == ["opened"]


async def test_cause_and_symptoms_are_shown_from_both_ends(desk: Desk) -> None:
    async with desk.database.write() as session:
        switch, host = await add_ci(session, "core-1"), await add_ci(session, "host-1", "server")
        early = (await store.open_incident(session, new_incident("host-1", ci_id=host), NOON)).incident
        cause = (await store.open_incident(session, new_incident("core-1", ci_id=switch), NOON)).incident
        await adopt_symptoms(session, cause, [early.id], NOON)
        own, other = await store.save_alerts(
            session, [alert_record("core-1", value=float("inf")), alert_record("web-1")]
        )
        lead_with(own, cause)
        await join_symptoms(session, [(other, cause)], NOON)
    shown = await desk.get(f"incidents/{cause.id}")
    assert (shown["cause_of"], shown["symptoms"], shown["symptom_of"]) == ([early.id], 2, None)
    assert [(alert["labels"]["instance"], alert["role"]) for alert in shown["alerts"]] == [
        ("core-1", "cause"),
        ("web-1", "symptom"),
    ]
    assert (await desk.get(f"incidents/{early.id}"))["symptom_of"] == cause.id


async def test_the_ledger_answers_why_nobody_was_paged(desk: Desk) -> None:
    incident_id = await desk.open()
    async with desk.database.write() as session:
        lines = [
            store.suppression(Reason.SYMPTOM, NOON, fingerprint="f1", incident_id=incident_id, detail="a\nb"),
            store.suppression(Reason.INFORMATIONAL, NOON, fingerprint="f2"),
        ]
        await insert_all(session, Suppression, lines)
    lines = (await desk.get("suppressions"))["items"]
    assert [(line["reason"], line["incident"], line["fingerprint"]) for line in lines] == [
        ("informational", None, "f2"),
        ("symptom", "INC-000001", "f1"),
    ]
    assert [one["fingerprint"] for one in (await desk.get("suppressions?reason=symptom"))["items"]] == ["f1"]
    first = await desk.get("suppressions?limit=1")
    assert (await desk.get(f"suppressions?limit=1&cursor={first['next']}"))["items"] == [lines[1]]


async def test_only_a_dead_letter_is_sent_again_by_hand(desk: Desk) -> None:
    incident_id = await desk.open()
    async with desk.database.write() as session:
        await enqueue(session, await session.get_one(store.Incident, incident_id), Kind.OPENED, ["ops"], NOON)
    [waiting] = (await desk.get("notifications?state=pending"))["items"]
    assert "not_dead" in (await desk.post(f"notifications/{waiting['id']}/retry", status=409))["detail"]
    async with desk.database.write() as session:
        [row] = await lease(session, "ops", 1, NOON, after(minutes=1) - NOON)
        await settle(session, row, Dead("answered 404"), NOON)
    [dead] = (await desk.get("notifications?state=dead"))["items"]
    assert (dead["last_error"], dead["attempts"]) == ("answered 404", 1)
    revived = await desk.post(f"notifications/{dead['id']}/retry")
    assert (revived["state"], revived["attempts"]) == ("pending", 0)
    assert desk.notifier.woken == 1
    for missing in ("999", "9" * 30, "9" * 5000):
        await desk.post(f"notifications/{missing}/retry", status=404)


def test_the_sender_is_the_notifier_that_the_api_needs() -> None:
    assert {"channels", "wake"} <= set(dir(OutboxSender))


def test_reading_and_writing_need_different_permissions() -> None:
    for route in ROUTES:
        expected = Permission.INCIDENTS_READ if route.method == "GET" else Permission.INCIDENTS_WRITE
        assert route.permission is expected, route.path
